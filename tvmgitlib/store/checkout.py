"""Where a Git repository is on this machine, and what it says."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from msgspec import Struct

from tvmgitlib.model import GitError, LibraryError
from tvmgitlib.store import objects
from tvmgitlib.store.damage import lost_branch
from tvmgitlib.store.git import Git, failure, quarantine
from tvmgitlib.store.small import read_small

_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}

_QUESTIONS = (
    "--absolute-git-dir",
    "--git-common-dir",
    "--is-bare-repository",
    "--show-object-format",
    "--show-toplevel",  # comes last, because it fails where there is no work tree
)

#: What the file HEAD says of a branch.
_BRANCH = "ref: refs/heads/"

#: What it says where Git keeps its refs elsewhere.
_ELSEWHERE = f"{_BRANCH}.invalid"

#: How large that file may be, in bytes.
_MOST_OF_HEAD = 1 << 16

_Self = TypeVar("_Self", bound="Checkout")


class Checkout:
    """A repository on this machine; a context manager that ends the process that reads its objects.

    Attributes:
        root: the top of the work tree; of a bare repository, the Git directory.
        folder: the folder of the commits that is read, for reading only (see `within`); `""` for the whole.
        git_dir: the Git directory of this work tree.
        common_dir: the Git directory that all work trees share.
        state: our folder in it.
        objects_dir: where new objects go.
        bare: whether there is no work tree.
        digits: how long ids of objects are.
        git: Git in it, with variables of its own in a hook.
        reader: reads its objects.
    """

    def __init__(
        self,
        root: Path,
        git_dir: Path,
        common_dir: Path,
        bare: bool,
        digits: int,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.folder = ""
        self.git_dir = git_dir
        self.common_dir = common_dir
        self.state = common_dir / "tvmgitlib"
        self.objects_dir = common_dir / "objects"
        self.bare = bare
        self.digits = digits
        self.git = Git(root, bare=bare, env=env)
        self.reader = objects.ObjectReader(self.git)

    @classmethod
    def find(cls: type[_Self], path: Path) -> _Self | None:
        """The repository that a folder is in; None when it is in none.

        A bare repository has to be named itself, and must not be among the files of another repository: a clone may
        bring a folder along that looks like one, with a configuration that its author wrote.

        Raises:
            GitError: Git refuses to look, for example because another user owns the folder; or the work tree that the
                repository names is none of its own.
        """
        found = _look(path) if path.is_dir() else None
        if found is None or found.has_its_own_work_tree:
            return cls._at(path, found) if found else None
        here, git_dir = path.resolve(), found.git_dir.resolve()
        if found.top is not None and not here.is_relative_to(git_dir):
            raise GitError(
                "the repository names a folder as its work tree that is none of its own",
                file=str(found.top),
                hint=f"Take core.worktree out of {found.git_dir / 'config'}.",
            )
        if found.top is None and not here.is_relative_to(git_dir):  # it was found by a folder's `.git`
            raise GitError(
                "the repository says of itself that it has no work tree",
                file=str(git_dir / "config"),
                hint=f"Take core.bare out of it, or name the repository itself: -C {git_dir}",
            )
        around = cls.find(git_dir.parent.parent if git_dir.name == ".git" else git_dir.parent)
        is_named = found.top is None and here == git_dir and not (around and around._has(git_dir))
        return cls._at(path, found) if is_named else around

    @classmethod
    def bare_at(cls: type[_Self], path: Path) -> _Self:
        """The bare repository in a folder that is known to be one.

        Raises:
            GitError: it is none.
        """
        found = _read(path, Git(path, bare=True).try_run("rev-parse", *_QUESTIONS))
        if found is None:
            raise GitError("no repository can be made here", file=str(path))
        return cls._at(path, found)

    @classmethod
    def receiving(cls: type[_Self], git_dir: Path, digits: int) -> _Self:
        """The repository whose hook this process is, with the objects of the push that is under way.

        Args:
            git_dir: its Git directory.
            digits: how long the ids are that Git tells its hook.
        """
        return cls(git_dir, git_dir, git_dir, bare=True, digits=digits, env=quarantine())

    @classmethod
    def _at(cls: type[_Self], path: Path, found: _Found) -> _Self:
        return cls(
            found.top or found.git_dir,
            found.git_dir,
            (path / found.common_dir).resolve(),
            bare=found.top is None,
            digits=64 if found.object_format == "sha256" else 40,
        )

    def _has(self, folder: Path) -> bool:
        """Whether a folder in the work tree is one of the repository's own, with all that is in it."""
        if self.bare:
            return False
        below = folder.relative_to(self.root.resolve())
        return bool(self.git.run("ls-files", "-z", "--", f":(top,literal){below}"))

    def ignores(self, path: Path) -> bool:
        """Whether the work tree's ignore files name a path, which need not exist."""
        return self.git.try_run("check-ignore", "--quiet", "--", str(path)).returncode == 0

    def within(self: _Self, folder: str) -> _Self:
        """One folder of the repository, to be read as if it were all of it: `root`, `state` and snapshots are its own.

        Args:
            folder: from the root, with slashes.
        """
        part = copy(self)
        part.root = self.root / folder
        part.folder = folder
        part.state = self.state / "folders" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        return part

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()

    @property
    def head(self) -> str | None:
        """The id of the current commit, at this moment; None on a branch without commits."""
        return self.resolve("HEAD")

    def resolve(self, rev: str) -> str | None:
        """The id of the commit that a revision names, at this moment; None when it names none."""
        return None if rev.startswith("-") else self.reader.resolve(rev)

    def lost(self) -> LibraryError | None:
        """The error for a branch that leads nowhere, though it did; None where it leads somewhere, or never did."""
        return lost_branch(self.git) if self.head is None else None

    def commit_at(self, commit: str) -> objects.Commit:
        """A commit, by its id.

        Raises:
            LibraryError: it is not here.
        """
        content = self.reader.read(commit, "commit")
        if content is None:
            raise self.reader.missing(commit)
        return objects.parse_commit(content)

    def snapshot(self, commit: str | None) -> objects.Snapshot:
        """Open a commit for reading."""
        return objects.Snapshot(self.reader, commit, self.state, self.common_dir / "objects", self.folder)

    def staged(self, commit: str | None, folders: Sequence[str]) -> list[str]:
        """The paths in some folders at which the index is not as the commit."""
        if commit is None:
            return []
        waiting = objects.unless_endless(self.git, self.digits, [commit], *folders)
        raw = self.git.run("diff-index", "--cached", *objects.RAW, commit, "--", *folders, waiting=waiting)
        return [delta.path for delta in objects.deltas(raw)]

    def changes(self, before: str, after: str, folders: Sequence[str]) -> list[objects.Delta]:
        """What tells the files in some folders apart in two commits."""
        waiting = objects.unless_endless(self.git, self.digits, [before, after], *folders)
        compare = ("diff-tree", "-r", *objects.RAW, before, after, "--", *folders)
        return list(objects.deltas(self.git.run(*compare, waiting=waiting)))

    @property
    def checked_out(self) -> str | None:
        """The full name of the branch that is checked out, at this moment; None when none is."""
        head = self.git_dir / "HEAD"
        said = "" if head.is_symlink() else read_small(head, _MOST_OF_HEAD).decode(errors="surrogateescape").strip()
        if said.startswith(_BRANCH) and said != _ELSEWHERE:
            return said.removeprefix("ref: ")
        found = self.git.try_run("symbolic-ref", "--quiet", "HEAD")
        return os.fsdecode(found.stdout).strip() if found.returncode == 0 else None

    def branch(self) -> str:
        """The full name of the branch that is checked out.

        Raises:
            GitError: none is, or a merge or the like is under way.
        """
        branch = self.checked_out
        if branch is None:
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
        return branch

    @property
    def unfinished(self) -> str | None:
        """The Git operation that is under way in the work tree (`merge`, `rebase`, ...); None when there is none."""
        under_way = (operation for name, operation in _UNFINISHED.items() if (self.git_dir / name).exists())
        return next(under_way, None)

    def _way_on(self, operation: str) -> str:
        """How to finish an operation. What configs/ is then does not matter, with conflict markers or without."""
        unmerged = os.fsdecode(self.git.run("ls-files", "--unmerged", "-z")).split("\0")
        conflicts = [entry.partition("\t")[2] for entry in unmerged if entry]
        finish = f"git {operation} --continue"
        if conflicts and all(path.startswith("configs/") for path in conflicts):
            return (
                "Only configs/ is in conflict, which is derived from jobs/: take it as it is with "
                f"git add --all configs, finish with {finish}, then tvmgitlib rebuild."
            )
        return f"Finish it with {finish}."


class _Found(Struct, frozen=True):
    """What Git says of a place; `top` is None where there is no work tree."""

    git_dir: Path
    common_dir: Path
    object_format: str
    top: Path | None

    @property
    def has_its_own_work_tree(self) -> bool:
        """Whether there is a work tree, and what it has as `.git`, a folder or a file, leads back."""
        if self.top is None:
            return False
        entry = self.top / ".git"
        try:
            if entry.is_file():
                named = entry.read_bytes().removeprefix(b"gitdir:").strip()
                entry = self.top / os.fsdecode(named)
            return entry.samefile(self.git_dir)
        except OSError:
            return False


def _look(path: Path) -> _Found | None:
    """Ask Git what is around a folder."""
    said = Git(path).try_run("rev-parse", *_QUESTIONS)
    if b"safe.bareRepository" in said.stderr:
        said = Git(path).try_run("-c", "safe.bareRepository=all", "rev-parse", *_QUESTIONS)
    return _read(path, said)


def _read(path: Path, said: subprocess.CompletedProcess[bytes]) -> _Found | None:
    """What Git said; None where it sees no repository, or is inside of its directory."""
    if b"not a git repository" in said.stderr.lower():
        return None
    answers = os.fsdecode(said.stdout).removesuffix("\n").split("\n")
    top = 1 if said.returncode == 0 else 0
    if len(answers) < len(_QUESTIONS) - 1:
        raise failure(["rev-parse"], said.stderr, said.returncode)
    if len(answers) != len(_QUESTIONS) - 1 + top:
        raise GitError("a repository whose path has a line break in it cannot be a library", file=str(path))
    git_dir, common_dir, bare, object_format = answers[:4]
    if not top and bare == "false":
        return None
    return _Found(Path(git_dir), Path(common_dir), object_format, Path(answers[4]) if top else None)
