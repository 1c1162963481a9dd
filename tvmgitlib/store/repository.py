"""A Git repository as the library needs it: where it is, what its branch says, and one safe way to commit."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tvmgitlib.errors import GitError
from tvmgitlib.store.git import failure, git, try_git
from tvmgitlib.store.lock import write_lock
from tvmgitlib.store.objects import Blob
from tvmgitlib.store.snapshot import Snapshot
from tvmgitlib.store.worktree import changes_between, follow, refuse_links, sweep
from tvmgitlib.store.writer import write_tree

#: The folders that are the library's own: never a link in them.
OWN_FOLDERS = ("jobs", "configs")

_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}

_COMMIT_TRIES = 20

_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>.*)> \d+ [+-]\d{4}")


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a commit that is made again: name, email, and date as Git writes it (`<seconds> <zone>`)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit to be made.

    Attributes:
        message: its message.
        files: its files; None removes one.
        derive_from: a folder whose new tree id other files hold.
        derive: makes those files from that id (None when the folder is empty).
        also_parents: parents beside the commit that it builds on.
        author: the author, when it is not who commits.
    """

    message: str
    files: Mapping[str, bytes | Blob | None]
    derive_from: str = ""
    derive: Callable[[str | None], Mapping[str, bytes | Blob | None]] | None = None
    also_parents: tuple[str, ...] = ()
    author: Author | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that was made.

    Attributes:
        commit: its id.
        left_alone: files of the work tree that stay as the user changed them.
    """

    commit: str
    left_alone: tuple[str, ...] = ()


class Repository:
    """A repository on this machine.

    Attributes:
        root: the top of the work tree; of a bare repository, the Git directory.
        git_dir: the Git directory of this work tree.
        state: our folder in the Git directory that all work trees share.
        bare: whether there is no work tree.
    """

    def __init__(self, root: Path, git_dir: Path, common_dir: Path, bare: bool) -> None:
        self.root = root
        self.git_dir = git_dir
        self.state = common_dir / "tvmgitlib"
        self.bare = bare

    @classmethod
    def find(cls, path: Path) -> Repository | None:
        """The repository that a folder is in; None when it is in none.

        Raises:
            GitError: Git refuses to look, for example because another user owns the folder.
        """
        if not path.is_dir():
            return None
        asked = ("--absolute-git-dir", "--git-common-dir", "--is-bare-repository")
        found = try_git(path, "rev-parse", *asked)
        if found.returncode != 0:
            if b"not a git repository" in found.stderr.lower():
                return None
            raise failure("rev-parse", found.stderr)
        git_dir, common_dir, bare = found.stdout.decode().splitlines()
        if bare == "true":
            root = Path(git_dir)
        else:
            top = try_git(path, "rev-parse", "--show-toplevel")
            if top.returncode != 0:
                return None  # inside a Git directory
            root = Path(top.stdout.decode().rstrip("\n"))
        return cls(root, Path(git_dir), (path / common_dir).resolve(), bare == "true")

    @property
    def head(self) -> str | None:
        """The id of the current commit; None on a branch without commits."""
        return self.resolve("HEAD")

    def resolve(self, rev: str) -> str | None:
        """The id of the commit that a revision names; None when it names none."""
        if rev.startswith("-"):
            return None
        found = try_git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
        return found.stdout.decode().strip() if found.returncode == 0 else None

    def snapshot(self, commit: str | None) -> Snapshot:
        """Open a commit for reading."""
        return Snapshot(self.root, commit)

    def commit(self, draft: Callable[[Snapshot], Draft | None]) -> Committed | None:
        """Commit onto the current branch: under the lock, against its tip, acknowledged by a compare-and-swap.

        Args:
            draft: makes the commit from the tip; called again when the tip moved meanwhile. None commits nothing.

        Raises:
            GitError: no branch is checked out, a merge is under way, or Git cannot write.
            LibraryError: a symbolic link is where the library writes.
        """
        with self.writing():
            identity(self.root)
            for attempt in range(_COMMIT_TRIES):
                branch = self.branch()
                tip = self.head
                with self.snapshot(tip) as snapshot:
                    made = draft(snapshot)
                    if made is None:
                        return None
                    if not self.bare:
                        refuse_links(self.root, OWN_FOLDERS)
                    commit = self.write(snapshot, made)
                committed = self._advance(branch, tip, commit, made.message.splitlines()[0])
                if committed is not None:
                    return committed
                time.sleep(0.01 * attempt)
        raise GitError(f"{branch} kept moving while the commit was made", hint="Run the command again.")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write lock, with whatever a killed writer left undone made good."""
        with write_lock(self.state):
            self._recover()
            yield

    def recover(self) -> None:
        """Make good what a killed writer left undone, if there is any and nobody is writing."""
        if self._redo_note.exists():
            with write_lock(self.state, wait=False) as held:
                if held:
                    self._recover()

    def branch(self) -> str:
        """The full name of the branch that is checked out.

        Raises:
            GitError: none is, or a merge or the like is under way.
        """
        found = try_git(self.root, "symbolic-ref", "--quiet", "HEAD")
        if found.returncode != 0:
            raise GitError(
                "no branch is checked out, so a commit would belong to none",
                file=str(self.root),
                hint="Check out a branch: git switch main.",
            )
        for name, operation in _UNFINISHED.items():
            if (self.git_dir / name).exists():
                raise GitError(
                    f"a git {operation} is under way in this library",
                    file=str(self.root),
                    hint=f"Finish it with git {operation} --continue, or undo it with git {operation} --abort.",
                )
        return found.stdout.decode().strip()

    def write(self, snapshot: Snapshot, draft: Draft) -> str:
        """Write a commit on top of a snapshot, and return its id; no branch moves.

        Raises:
            GitError: Git cannot write, or cannot sign.
        """
        files = dict(draft.files)
        if draft.derive is not None:
            files |= draft.derive(write_tree(self.root, snapshot, files, draft.derive_from))
        tree = write_tree(self.root, snapshot, files) or git(self.root, "mktree").decode().strip()
        on = [snapshot.commit] if snapshot.commit else []
        parents = [option for parent in (*on, *draft.also_parents) for option in ("-p", parent)]
        signed = ["-S"] if self._flag("commit.gpgSign") else []
        env = None
        if draft.author is not None:
            env = {
                "GIT_AUTHOR_NAME": draft.author.name,
                "GIT_AUTHOR_EMAIL": draft.author.email,
                "GIT_AUTHOR_DATE": draft.author.date,
            }
        arguments = ("commit-tree", tree, *parents, *signed, "-F", "-")
        return git(self.root, *arguments, stdin=draft.message.encode(), env=env).decode().strip()

    def advance(self, old: str, new: str, reason: str) -> Committed | None:
        """Move the current branch, and the work tree with it, to a commit that was written.

        Returns:
            None when the branch is no longer where it was.

        Raises:
            GitError: as `commit`.
            LibraryError: as `commit`.
        """
        with self.writing():
            if not self.bare:
                refuse_links(self.root, OWN_FOLDERS)
            return self._advance(self.branch(), old, new, reason)

    def _advance(self, branch: str, old: str | None, new: str, reason: str) -> Committed | None:
        self._note_redo(old, new)
        if self._swap(branch, old, new, reason):
            return Committed(new, self._follow(old, new))
        self._redo_note.unlink(missing_ok=True)
        return None

    def _flag(self, name: str) -> bool:
        return try_git(self.root, "config", "--type=bool", name).stdout.strip() == b"true"

    def _swap(self, branch: str, old: str | None, new: str, reason: str) -> bool:
        """Move the branch if it still is where it was: from here on the commit is acknowledged."""
        told = ("-m", f"tvmgitlib: {reason}", "--create-reflog")
        swapped = try_git(self.root, "update-ref", *told, branch, new, old or "0" * len(new))
        if swapped.returncode == 0:
            return True
        if self.resolve(branch) == old:
            raise failure("update-ref", swapped.stderr)
        return False

    @property
    def _redo_note(self) -> Path:
        return self.git_dir / "tvmgitlib-redo.json"

    def _note_redo(self, old: str | None, new: str) -> None:
        scratch = self.git_dir / "tvmgitlib-redo.tmp"
        scratch.write_text(json.dumps({"from": old, "to": new}))
        scratch.replace(self._redo_note)

    def _follow(self, old: str | None, new: str) -> tuple[str, ...]:
        left: list[str] = []
        if not self.bare:
            left = follow(self.root, self.git_dir, changes_between(self.root, old, new))
        self._redo_note.unlink(missing_ok=True)
        return tuple(left)

    def _recover(self) -> None:
        """Finish what a killed writer had promised: its commit is on the branch, the work tree has not followed."""
        sweep(self.git_dir)
        try:
            note = json.loads(self._redo_note.read_text())
        except FileNotFoundError:
            return
        except ValueError:
            note = {}
        new = note.get("to")
        if isinstance(new, str) and self.head == new:
            self._follow(note.get("from"), new)
        else:
            self._redo_note.unlink(missing_ok=True)


def identity(folder: Path) -> str:
    """`Name <email>` of who commits in a folder.

    Raises:
        GitError: Git knows neither.
    """
    found = try_git(folder, "var", "GIT_AUTHOR_IDENT")
    match = _IDENTITY.match(found.stdout.decode(errors="replace"))
    if found.returncode != 0 or match is None:
        raise GitError(
            "Git does not know who you are, and every job is a commit",
            hint="Run: git config --global user.name 'Your Name'; git config --global user.email you@example.com",
        )
    return f"{match['name']} <{match['email']}>"


def create_cache(path: Path) -> Repository:
    """Make a bare repository for objects of others, or open the one that is there."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--bare", ".")
    made = Repository.find(path)
    if made is None:
        raise GitError("no repository can be made here", file=str(path))
    return made


def create_repository(path: Path) -> Repository:
    """Make an empty repository with the branch `main`, or open the one whose top this is.

    Raises:
        GitError: Git cannot make it.
    """
    import git as gitpython  # takes 0.2 s to import, so only where it serves

    present = Repository.find(path)
    if present is None or present.root.resolve() != path.resolve():
        try:
            gitpython.Repo.init(path, mkdir=True, initial_branch="main").close()
        except (gitpython.GitCommandError, OSError) as error:
            raise GitError(f"no repository can be made: {error}", file=str(path)) from None
    made = Repository.find(path)
    if made is None:
        raise GitError("no repository can be made here", file=str(path))
    return made
