"""The files of the work tree follow the branch, and never overwrite what a user changed.

Like `git checkout` for just the changed paths, with three differences: a file that the user edited is left alone and
reported; no folder on the way is followed if it is a link; a kill at any point leaves nothing to clean up by hand.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import Sharing
from tvmgitlib.store.landing.index import Change, IndexLock, scratch_path
from tvmgitlib.store.landing.redo import Step
from tvmgitlib.store.landing.sparse import to_leave_out
from tvmgitlib.store.objects import FILE_MODE, MOST, Snapshot, blob_id, differences

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

#: What a path has that is neither nothing nor a plain file that we may read: no blob id.
_NO_FILE = "no file"


class Following:
    """The work tree on its way to a commit, with the index locked until it is there."""

    def __init__(
        self, checkout: Checkout, changes: Sequence[Change], target: Snapshot, index: IndexLock, sharing: Sharing
    ) -> None:
        self._checkout = checkout
        self._changes = changes
        self._target = target
        self._index = index
        self._sharing = sharing

    @classmethod
    def begin(
        cls,
        checkout: Checkout,
        steps: Sequence[Step],
        target: Snapshot,
        filters: Collection[str],
        sharing: Sharing,
        wait_seconds: float,
    ) -> Following | None:
        """Lock the index and prepare the new one; None when another Git command holds it all the time.

        Args:
            checkout: whose work tree.
            steps: the moves of the branch that the work tree has not followed.
            target: where they lead: the last one's commit, or one that a user made on top of it.
            filters: the filters of file contents that are configured; none of them is run.
            sharing: the permissions that new files and folders get.
            wait_seconds: how long to wait for another Git command.

        Raises:
            GitError: Git cannot read the index.
        """
        index = IndexLock.take(checkout.git_dir, wait_seconds)
        if index is None:
            return None
        try:
            changes = _changes(checkout, steps, target)
            index.stage(checkout.git, changes, target, filters)
        except BaseException:
            index.release()
            raise
        return cls(checkout, changes, target, index, sharing)

    def cancel(self) -> None:
        """Leave everything as it is."""
        self._index.release()

    def finish(self) -> list[str]:
        """Bring the files to their new state, path by path, and the index with them.

        Returns:
            The paths that were left alone, because the user had changed them.

        Raises:
            OSError: a file cannot be written, for example on a full disk. The index stays locked.
        """
        here = (self._checkout.root, self._checkout.git_dir, self._sharing)
        wanted = [change for change in self._changes if not change.sparse]
        left = [change.path for change in wanted if not _follow_file(here, change, self._target)]
        # A file that the user changed may be of any size: nothing of ours has to read it.
        self._index.install(self._checkout.git, [change for change in self._changes if change.path not in left])
        return left


def _changes(checkout: Checkout, steps: Sequence[Step], target: Snapshot) -> list[Change]:
    """What becomes of the paths that some moves of the branch changed."""
    known: defaultdict[str, set[str | None]] = defaultdict(set)
    for step in steps:
        for path, old, new in differences(checkout.snapshot(step.old), checkout.snapshot(step.new)):
            known[path] |= {old, new}
    changes = []
    sparse = to_leave_out(checkout, known)
    for path, blobs in sorted(known.items()):
        entry = target.entry(path)
        if entry is None or entry.mode == FILE_MODE:
            changes.append(Change(path, frozenset(blobs), entry.oid if entry else None, path in sparse))
    return changes


#: The work tree, the Git directory, and the permissions that new files and folders get.
_Here = tuple[Path, Path, Sharing]


def _follow_file(here: _Here, change: Change, target: Snapshot) -> bool:
    """Bring one file to its new state; False when what is there is the user's."""
    root, git_dir, sharing = here
    *parents, name = change.path.split("/")
    creating = sharing if None in change.known and change.new is not None else None
    try:
        with _folder(root, parents, creating) as folder:
            present = _blob_id(folder, name, len(target.commit or ""))
            if present == change.new:
                return True
            if present not in change.known:
                return False
            if change.new is None:
                os.unlink(name, dir_fd=folder)
            else:
                _replace(folder, name, target.blob(change.path, change.new), git_dir, sharing)
    except FileNotFoundError:
        return change.new is None  # the user removed the folder
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return False  # the user has a link or a file where the folder was
        raise
    if change.new is None:
        _prune(root, parents)
    return True


@contextmanager
def _folder(root: Path, parents: Sequence[str], creating: Sharing | None = None) -> Iterator[int]:
    """Open a folder below the root step by step, so that no link on the way is followed.

    Args:
        root: the work tree.
        parents: the names of the folders on the way.
        creating: make those that are missing, with these permissions.
    """
    handle = os.open(root, _DIRECTORY)
    try:
        for name in parents:
            if creating is not None:
                try:
                    os.mkdir(name, dir_fd=handle)
                    creating.share(name, dir_fd=handle)
                except FileExistsError:
                    pass
            below = os.open(name, _DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _blob_id(folder: int, name: str, digits: int) -> str | None:
    """The blob id that a file's content would have; None when nothing is there."""
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return _NO_FILE
        # Without O_NONBLOCK, a pipe that was put there since would make us wait for ever.
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except PermissionError:
        return _NO_FILE
    with open(handle, "rb") as file:
        if os.fstat(file.fileno()).st_size > MOST["blob"]:
            return _NO_FILE  # none of ours
        return blob_id(file.read(), digits)


def _replace(folder: int, name: str, content: bytes, git_dir: Path, sharing: Sharing) -> None:
    """Write a file whole or not at all. The scratch file is in the Git directory: a kill leaves no stray file."""
    scratch = scratch_path(git_dir)
    try:
        scratch.write_bytes(content)
        sharing.share(scratch)
        try:
            os.replace(scratch, name, dst_dir_fd=folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _replace_here(folder, name, content, sharing)
    finally:
        scratch.unlink(missing_ok=True)


def _replace_here(folder: int, name: str, content: bytes, sharing: Sharing) -> None:
    """The same where the Git directory is on another file system: after a kill, the redo comes by the same name."""
    scratch = f".{name}.tvmgitlib"
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    with open(handle, "wb") as file:
        file.write(content)
        sharing.share(file.fileno())
    os.replace(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)


def _prune(root: Path, parents: Sequence[str]) -> None:
    """Remove the folders that a removed file leaves empty, as Git does."""
    for depth in range(len(parents), 0, -1):
        try:
            with _folder(root, parents[: depth - 1]) as folder:
                os.rmdir(parents[depth - 1], dir_fd=folder)
        except OSError:
            return
