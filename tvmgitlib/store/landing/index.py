"""Git's index: changed under Git's own lock, which is held from before the branch moves until the work tree follows.

Without that lock a plain `git commit` that comes in between (or after a kill in between) would put the old index on top
of the new commit, and so take the job's files out of the library again. With it, Git refuses until we are done, or
until the next run of ours has made good what a killed one left.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from tvmgitlib.model import GitError
from tvmgitlib.store.git import Git, without_filters
from tvmgitlib.store.objects import FILE_MODE, NO_MODE, RAW, Delta, Snapshot, deltas, unless_endless
from tvmgitlib.store.small import size_in_words

#: Everything that we put into the Git directory for the length of a command has a name of this form.
SCRATCH = "tvmgitlib-{}.tmp"

_POLL_SECONDS = 0.02

#: How large an index may be, in bytes: of millions of files.
_MOST_OF_INDEX = 1 << 30

#: What an entry of an index takes beside its path, at most, in bytes: ids of 64 digits, times, and what fills it up.
_AN_ENTRY = 96

#: Up to this many paths it is cheaper to look at them one by one than at the whole work tree.
_FEW = 100


class Change(Struct, frozen=True):
    """What becomes of one path.

    Attributes:
        path: the file, from the root.
        known: blob ids that it has had and that may be replaced; None among them where there was no file.
        new: its new blob id; None when there is no file any more.
        sparse: whether the work tree has no file of it, because the user wants none.
    """

    path: str
    known: frozenset[str | None]
    new: str | None
    sparse: bool = False


class IndexLock:
    """`index.lock`, held by us.

    The lock is a hard link to a file of ours in the Git directory: after a kill, the two show that the lock is ours.
    """

    def __init__(self, git_dir: Path, mark: Path) -> None:
        self._index = git_dir / "index"
        self._lock = git_dir / "index.lock"
        self._mark = mark
        self._private = scratch_path(git_dir)
        self._unfiltered = scratch_path(git_dir)
        self._room = scratch_path(git_dir)
        self._commit = ""
        self._edits: list[Change] = []

    @classmethod
    def take(cls, git_dir: Path, wait_seconds: float) -> IndexLock | None:
        """Take the lock; None when another Git command holds it all that time."""
        mark = scratch_path(git_dir)
        mark.write_text(f"tvmgitlib, process {os.getpid()}\n")
        give_up = time.monotonic() + wait_seconds
        while True:
            try:
                os.link(mark, git_dir / "index.lock")
                return cls(git_dir, mark)
            except FileExistsError:
                if time.monotonic() >= give_up:
                    mark.unlink()
                    return None
                time.sleep(_POLL_SECONDS)
            except BaseException:
                mark.unlink()
                raise

    def stage(self, git: Git, changes: Sequence[Change], target: Snapshot, filters: Collection[str]) -> None:
        """Find out what the new index takes. What the user staged at these paths stays as it is.

        Args:
            git: Git in the work tree.
            changes: what the index shall follow.
            target: the commit that they lead to.
            filters: the filters of file contents that are configured; none of them is run.

        Raises:
            GitError: Git cannot read the index.
            OSError: there is no room for the new one.
        """
        self._unfiltered.write_text(without_filters(filters), errors="surrogateescape")
        self._require_plain()
        self._begin_anew()
        within = {change.path.partition("/")[0] for change in changes}  # all else is the user's, however much it is
        chosen = sorted(within) if len(within) <= _FEW else []
        self._commit = str(target.commit)
        compare = ("diff-index", "--cached", *RAW, self._commit, "--")
        waiting = unless_endless(git, len(self._commit), [self._commit], *(chosen or [""]))
        found = list(deltas(git.run("--literal-pathspecs", *compare, *chosen, env=self._env, waiting=waiting)))
        self._edits = list(_edits(changes, found))
        self._reserve()

    def _require_plain(self) -> None:
        if not self._index.exists():
            return
        found = self._index.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_OF_INDEX:
            what = f"no index that Git makes: no plain file, or larger than {size_in_words(_MOST_OF_INDEX)}"
            raise GitError(what, file=str(self._index), hint="Remove it; git reset makes it anew.")

    def install(self, git: Git, changes: Sequence[Change]) -> None:
        """Put the new index in the place of the old one, once the files are there, and give the lock back.

        Args:
            git: Git in the work tree.
            changes: what the index was made for, without what the user has in the work tree.

        Raises:
            GitError: Git cannot write the index.
        """
        self._room.unlink(missing_ok=True)
        if not self._takes_files(git, changes):
            self._begin_anew()
            self._take_edits(git)
            self._refresh(git, [change.path for change in changes if change.new is not None and not change.sparse])
        self._private.replace(self._index)
        self.release()

    def _reserve(self) -> None:
        """Take the room of the new index: where the disk has none, that is said before anything is committed."""
        size = sum(len(change.path) + _AN_ENTRY for change in self._edits)
        if self._index.exists():
            size += self._index.stat().st_size
        if not size or not hasattr(os, "posix_fallocate"):
            return
        with self._room.open("wb") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # not every file system can
                    raise

    def _begin_anew(self) -> None:
        """Let the new index be the old one: Git never writes to the file itself, but puts another in its place."""
        self._private.unlink(missing_ok=True)
        if self._index.is_symlink():  # Git would write to what a copy of the link leads to
            shutil.copyfile(self._index, self._private)
        elif self._index.exists():
            os.link(self._index, self._private)

    def _takes_files(self, git: Git, changes: Sequence[Change]) -> bool:
        """Let the new index take the files as they are, with their times, where that is all that it takes.

        In a large work tree it is half of the work: the index is written once.

        Returns:
            Whether the index is that of the commit at these paths; a file may have changed meanwhile, or Git have taken
            something else for its content.
        """
        paths = [change.path for change in self._edits]
        if not 0 < len(paths) <= _FEW or self._edits != list(changes) or any(change.sparse for change in self._edits):
            return False
        listed = "".join(f"{path}\0" for path in paths).encode(errors="surrogateescape")
        take = ("update-index", "--add", "--remove", "--info-only", "-z", "--stdin")
        if git.try_run(*self._options, *take, stdin=listed, env=self._env).returncode != 0:
            return False
        compare = ("diff-index", "--cached", "--quiet", self._commit, "--", *paths)
        return git.try_run("--literal-pathspecs", *compare, env=self._env).returncode == 0

    def _take_edits(self, git: Git) -> None:
        """Let the new index take what the commit has, whatever is in the work tree."""
        listed = "".join(_as_info(change) for change in self._edits).encode(errors="surrogateescape")
        git.run(*self._options, "update-index", "-z", "--index-info", stdin=listed, env=self._env)
        sparse = "".join(f"{change.path}\0" for change in self._edits if change.sparse and change.new)
        if sparse:
            flags = ("update-index", "-z", "--skip-worktree", "--stdin")
            git.run(*self._options, *flags, stdin=sparse.encode(errors="surrogateescape"), env=self._env)

    def release(self) -> None:
        """Give the lock back; the index stays as it is."""
        self._lock.unlink(missing_ok=True)
        for scratch in (self._private, self._unfiltered, self._room, self._mark):
            scratch.unlink(missing_ok=True)

    @property
    def _env(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self._private)}

    @property
    def _options(self) -> tuple[str, str]:
        """For a command that writes the index: it reads files whose times say nothing, and would filter them."""
        return "-c", f"include.path={self._unfiltered}"

    def _refresh(self, git: Git, paths: Sequence[str]) -> None:
        """Let the index know the new files' times and sizes, so that Git need not read them to see no change."""
        if not paths:
            return
        if len(paths) > _FEW:
            git.try_run(*self._options, "update-index", "-q", "--refresh", env=self._env)
        else:
            listed = "\0".join(paths).encode(errors="surrogateescape")
            options = ("--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")
            git.try_run(*self._options, "--literal-pathspecs", "add", *options, stdin=listed, env=self._env)


def scratch_path(git_dir: Path) -> Path:
    """A new name in the Git directory for a file that does not outlive the command."""
    return git_dir / SCRATCH.format(os.urandom(8).hex())


def _edits(changes: Sequence[Change], found: Sequence[Delta]) -> Iterator[Change]:
    """The changes that the index takes.

    Args:
        changes: what the index shall follow.
        found: where the index differs from the commit that they lead to.
    """
    present = {delta.path for delta in found if delta.new}
    folders = {parent for path in present for parent in folders_above(path)}
    by_path = {change.path: change for change in changes}
    for delta in found:
        change = by_path.get(delta.path)
        if change is None or delta.new not in change.known or delta.new_mode not in (NO_MODE, FILE_MODE):
            continue
        if not change.new or (change.path not in folders and present.isdisjoint(folders_above(change.path))):
            yield change


def _as_info(change: Change) -> str:
    """What to tell `git update-index --index-info`: a blob for a path, or its removal, whatever blob is named there."""
    mode = FILE_MODE if change.new else "0"
    return f"{mode} {change.new or next(filter(None, change.known))}\t{change.path}\0"


def folders_above(path: str) -> list[str]:
    """The folders that a file is in, the outermost first."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
