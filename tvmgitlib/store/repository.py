"""A Git repository as the library needs it: where it is, what its branch says, and one safe way to commit."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tvmgitlib.errors import GitError
from tvmgitlib.store.deltas import RAW, deltas
from tvmgitlib.store.git import DURABLE, failure, git, try_git
from tvmgitlib.store.landing.leftovers import sweep_branch_locks, sweep_scratch
from tvmgitlib.store.landing.links import refuse_links
from tvmgitlib.store.landing.lock import try_write_lock, write_lock
from tvmgitlib.store.landing.redo import RedoNote, Step
from tvmgitlib.store.landing.worktree import Following
from tvmgitlib.store.objects import Blob
from tvmgitlib.store.snapshot import Snapshot
from tvmgitlib.store.trees import write_tree

_log = logging.getLogger("tvmgitlib")

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

#: How long another Git command may hold the index before a commit is made without the work tree. `git status` holds it
#: for milliseconds, an editor with a commit message for as long as it is open.
_INDEX_WAIT_SECONDS = 2.0

_NOT_FOLLOWED = """\
The commit is made, but the work tree could not follow: %s
The next tvmgitlib command tries again. Run one (tvmgitlib check, say) before you commit with git here: until then Git
sees the files of before, and git commit -a would take the new ones out again."""

_IDENTITY = re.compile(r"(?P<who>.* <.*>) \d+ [+-]\d{4}")


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
        self._redo = RedoNote(git_dir)

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
            raise failure(["rev-parse"], found.stderr, found.returncode)
        answers = os.fsdecode(found.stdout).splitlines()
        if len(answers) != len(asked):
            raise GitError("a repository whose path has a line break in it cannot be a library", file=str(path))
        git_dir, common_dir, bare = answers
        if bare == "true":
            root = Path(git_dir)
        else:
            top = try_git(path, "rev-parse", "--show-toplevel")
            if top.returncode != 0:
                return None  # inside a Git directory
            root = Path(os.fsdecode(top.stdout).rstrip("\n"))
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

    def staged(self, commit: str | None, folders: Sequence[str]) -> list[str]:
        """The paths in some folders at which the index is not as the commit."""
        if commit is None:
            return []
        raw = git(self.root, "diff-index", "--cached", *RAW, commit, "--", *folders)
        return [delta.path for delta in deltas(raw)]

    def commit(self, draft: Callable[[Snapshot], Draft | None]) -> Committed | None:
        """Commit onto the current branch: under the lock, against its tip, acknowledged by a compare-and-swap.

        Args:
            draft: makes the commit from the tip; called again when the tip moved meanwhile. None commits nothing.

        Raises:
            GitError: no branch is checked out, a merge is under way, or Git cannot write.
            LibraryError: a symbolic link is where the library writes.
        """
        with self.writing() as lock:
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
                landed = self._land(lock, branch, Step(tip, commit), made.message.splitlines()[0])
                if landed is not None:
                    return landed
                time.sleep(0.01 * attempt)
        raise GitError(f"{branch} kept moving while the commit was made", hint="Run the command again.")

    @contextmanager
    def writing(self) -> Iterator[int]:
        """Hold the write lock, with whatever a killed writer left undone made good; yields the lock's descriptor."""
        with write_lock(self.state) as lock:
            self._recover()
            yield lock

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Keep writers away, so that branch and work tree agree; not where this user may only read the repository."""
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(self.writing())
            yield

    def recover(self) -> None:
        """Make good what a killed writer left undone, if there is any and nobody is writing."""
        if self._redo.exists():
            with suppress(OSError), try_write_lock(self.state) as lock:  # a reader may have no right to write
                if lock is not None:
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
        operation = self.unfinished
        if operation is not None:
            raise GitError(
                f"a git {operation} is under way in this library",
                file=str(self.root),
                hint=f"{self._way_on(operation)} Or undo it with git {operation} --abort.",
            )
        return found.stdout.decode().strip()

    @property
    def unfinished(self) -> str | None:
        """The Git operation that is under way in the work tree (`merge`, `rebase`, ...); None when there is none."""
        under_way = (operation for name, operation in _UNFINISHED.items() if (self.git_dir / name).exists())
        return next(under_way, None)

    def _way_on(self, operation: str) -> str:
        """How to finish an operation. What configs/ is then does not matter, with conflict markers or without."""
        unmerged = git(self.root, "diff", "--name-only", "-z", "--diff-filter=U").decode(errors="replace").split("\0")
        conflicts = [path for path in unmerged if path]
        finish = f"git {operation} --continue"
        if conflicts and all(path.startswith("configs/") for path in conflicts):
            return (
                "Only configs/ is in conflict, which is derived from jobs/: take it as it is with "
                f"git add --all configs, finish with {finish}, then tvmgitlib rebuild."
            )
        return f"Finish it with {finish}."

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
        options = (*DURABLE, "-c", "i18n.commitEncoding=UTF-8")
        arguments = (*options, "commit-tree", tree, *parents, *signed, "-F", "-")
        return git(self.root, *arguments, stdin=draft.message.encode(), env=env).decode().strip()

    def advance(self, old: str, new: str, reason: str) -> Committed | None:
        """Move the current branch, and the work tree with it, to a commit that was written.

        Returns:
            None when the branch is no longer where it was.

        Raises:
            GitError: as `commit`.
            LibraryError: as `commit`.
        """
        with self.writing() as lock:
            if not self.bare:
                refuse_links(self.root, OWN_FOLDERS)
            return self._land(lock, self.branch(), Step(old, new), reason)

    def _flag(self, name: str) -> bool:
        return try_git(self.root, "config", "--type=bool", name).stdout.strip() == b"true"

    def _land(self, lock: int, branch: str, step: Step, reason: str) -> Committed | None:
        """Move the branch, and let the work tree follow; None when the branch is not where it was any more.

        The index is locked before the branch moves, and given back when the files are there. A kill is made good by the
        next command, from the note; an interrupt is like a kill once the branch has moved.
        """
        pending = self._redo.read()
        self._redo.write([*pending, step])
        with self.snapshot(step.new) as target:
            following, moved = None, False
            try:
                following = self._begin([*pending, step], target, _INDEX_WAIT_SECONDS)
                moved = self._swap(lock, branch, step, reason)
            finally:
                if not moved and self.resolve(branch) != step.new:
                    if following is not None:
                        following.cancel()
                    self._redo.write(pending)
            return Committed(step.new, self._follow(following)) if moved else None

    def _swap(self, lock: int, branch: str, step: Step, reason: str) -> bool:
        """Move the branch if it still is where it was: from here on the commit is acknowledged."""
        update = ("update-ref", "-m", f"tvmgitlib: {reason}", "--create-reflog")
        values = (branch, step.new, step.old or "0" * len(step.new))
        swapped = try_git(self.root, *DURABLE, *update, *values, keep=[lock])
        if swapped.returncode == 0:
            return True
        if self.resolve(branch) == step.old:
            raise failure(update, swapped.stderr, swapped.returncode)
        return False

    def _begin(self, steps: Sequence[Step], target: Snapshot, wait_seconds: float) -> Following | None:
        return None if self.bare else Following.begin(self.root, self.git_dir, steps, target, wait_seconds)

    def _follow(self, following: Following | None) -> tuple[str, ...]:
        """Bring the work tree to a commit that is made: whatever goes wrong now is told, and made good later."""
        left: list[str] = []
        try:
            if following is not None:
                left = following.finish()
            elif not self.bare:
                raise GitError(f"another Git command holds {self.git_dir / 'index.lock'}")
        except (GitError, OSError) as error:
            _log.warning(_NOT_FOLLOWED, error)
        else:
            self._redo.write([])
        return tuple(left)

    def _recover(self) -> None:
        """Finish what a killed writer had promised: its commit is on the branch, the work tree has not followed."""
        sweep_scratch(self.git_dir)
        promised = self._redo.read()
        if promised:
            self._sweep_branch_locks([step.new for step in promised])
        head = self.head
        steps = [step for step in promised if head and self._is_ancestor(step.new, head)]
        self._redo.write(steps)
        if not steps:
            return
        with self.snapshot(head) as target:
            try:
                following = self._begin(steps, target, wait_seconds=0)
            except GitError as error:
                _log.warning(_NOT_FOLLOWED, error)
            else:
                self._follow(following)

    def _sweep_branch_locks(self, promised: Sequence[str]) -> None:
        branch = try_git(self.root, "symbolic-ref", "--quiet", "HEAD").stdout.decode().strip()
        if branch:
            lock = self.state.parent / f"{branch}.lock"
            sweep_branch_locks(lock, self.git_dir / "HEAD.lock", promised)

    def _is_ancestor(self, commit: str, tip: str) -> bool:
        return try_git(self.root, "merge-base", "--is-ancestor", commit, tip).returncode == 0


def identity(folder: Path) -> str:
    """`Name <email>` of who commits in a folder.

    Raises:
        GitError: Git knows no author or no committer.
    """
    idents = [try_git(folder, "var", name).stdout for name in ("GIT_COMMITTER_IDENT", "GIT_AUTHOR_IDENT")]
    committer, author = (_IDENTITY.match(ident.decode(errors="replace")) for ident in idents)
    if committer is None or author is None:
        raise GitError(
            "Git does not know who you are, and every job is a commit",
            hint="Run: git config --global user.name 'Your Name'; git config --global user.email you@example.com",
        )
    return author["who"]


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
    present = Repository.find(path)
    if present is not None and present.root.resolve() == path.resolve():
        return present
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    made = Repository.find(path)
    if made is None:
        raise GitError("no repository can be made here", file=str(path))
    return made
