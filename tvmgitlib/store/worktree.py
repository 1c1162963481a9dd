"""The work tree follows the branch after a commit, and never overwrites what a user changed in it.

Like `git checkout` for just the changed paths, with three differences: a file that the user edited is left alone and
reported; no folder on the way is followed if it is a link; a kill at any point leaves nothing to clean up by hand.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tvmgitlib.errors import GitError, LibraryError
from tvmgitlib.store.git import git, try_git

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit did to one path: blob ids before and after, None where there is no file."""

    path: str
    old: str | None
    new: str | None


def changes_between(folder: Path, old: str | None, new: str) -> list[Change]:
    """The plain files that differ between two commits."""
    start = old or git(folder, "hash-object", "-t", "tree", "--stdin").decode().strip()
    fields = git(folder, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", start, new).split(b"\0")
    return [
        Change(path.decode(errors="surrogateescape"), _blob(mode_old, oid_old), _blob(mode_new, oid_new))
        for (mode_old, mode_new, oid_old, oid_new, _), path in (
            (meta.decode().lstrip(":").split(), path) for meta, path in zip(fields[::2], fields[1::2], strict=False)
        )
    ]


def _blob(mode: str, oid: str) -> str | None:
    return None if mode == "000000" else oid


def refuse_links(root: Path, folders: Sequence[str]) -> None:
    """Make sure that nothing under these folders of the work tree is a symbolic link.

    Raises:
        LibraryError: naming the first one found.
    """
    for folder in folders:
        for path in links_under(root, folder):
            raise LibraryError(
                "a symbolic link where the library holds plain files only",
                file=path,
                hint="It is never followed or written through. Remove it, then run the command again.",
            )


def links_under(root: Path, folder: str) -> Iterator[str]:
    """The symbolic links under a folder of the work tree, as paths below `root`; none of them is followed."""
    path = root / folder
    if path.is_symlink():
        yield folder
    elif path.is_dir():
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            below = f"{folder}/{entry.name}"
            if entry.is_symlink():
                yield below
            elif entry.is_dir(follow_symlinks=False):
                yield from links_under(root, below)


def follow(root: Path, git_dir: Path, changes: Sequence[Change]) -> list[str]:
    """Bring the work tree and the index to the new state, path by path.

    Args:
        root: the top of the work tree.
        git_dir: its Git directory, on the same file system if possible.
        changes: what the commit changed.

    Returns:
        The paths that were left alone, because the user had changed them.
    """
    left = [change.path for change in changes if not _follow_file(root, git_dir, change)]
    _follow_index(root, git_dir, changes)
    return left


def _follow_file(root: Path, git_dir: Path, change: Change) -> bool:
    """Bring one file to its new state; False when what is there is the user's."""
    *parents, name = change.path.split("/")
    try:
        with _folder(root, parents, create=change.new is not None) as folder:
            present = _blob_id(folder, name, len(change.new or change.old or ""))
            if present == change.new:
                return True
            if present != change.old:
                return False
            if change.new is None:
                os.unlink(name, dir_fd=folder)
            else:
                _replace(folder, name, git(root, "cat-file", "blob", change.new), git_dir)
    except (NotADirectoryError, FileNotFoundError):
        return change.new is None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise
    if change.new is None:
        _prune(root, parents)
    return True


@contextmanager
def _folder(root: Path, parents: Sequence[str], create: bool) -> Iterator[int]:
    """Open a folder below the root step by step, so that no link on the way is followed."""
    handle = os.open(root, _DIRECTORY)
    try:
        for name in parents:
            if create:
                try:
                    os.mkdir(name, dir_fd=handle)
                except FileExistsError:
                    pass
            below = os.open(name, _DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _blob_id(folder: int, name: str, digits: int) -> str | None:
    """The blob id that a file's content would have; None when there is none, `link` or `other` when it is no file."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EACCES):
            return "other"
        raise
    with open(handle, "rb") as file:
        try:
            content = file.read()
        except IsADirectoryError:
            return "other"
    return blob_id(content, digits)


def blob_id(content: bytes, digits: int) -> str:
    """The id that Git gives to a blob: SHA-1 (40 digits) or SHA-256 (64) of its header and content."""
    algorithm = hashlib.sha256 if digits == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()


def _replace(folder: int, name: str, content: bytes, git_dir: Path) -> None:
    """Write a file whole or not at all. The scratch file is in the Git directory: a kill leaves no stray file."""
    scratch = git_dir / f"tvmgitlib-{secrets.token_hex(8)}.tmp"
    try:
        scratch.write_bytes(content)
        try:
            os.replace(scratch, name, dst_dir_fd=folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666, dir_fd=folder)
            with open(handle, "wb") as file:
                file.write(content)
    finally:
        scratch.unlink(missing_ok=True)


def _prune(root: Path, parents: Sequence[str]) -> None:
    """Remove the folders that a removed file leaves empty, as Git does."""
    for depth in range(len(parents), 0, -1):
        try:
            root.joinpath(*parents[:depth]).rmdir()
        except OSError:
            return


def _follow_index(root: Path, git_dir: Path, changes: Sequence[Change]) -> None:
    """Move the index's entries from the old blobs to the new ones; what the user staged stays as it is."""
    index = git_dir / "index"
    for _ in range(_INDEX_TRIES):
        before = _identity(index)
        private = git_dir / f"tvmgitlib-{secrets.token_hex(8)}.index"
        try:
            if before is not None:
                private.write_bytes(index.read_bytes())
            env = {"GIT_INDEX_FILE": str(private)}
            staged = _staged(root, env)
            edits = [
                f"100644 {change.new}\t{change.path}" if change.new else f"0 {change.old}\t{change.path}"
                for change in changes
                if staged.get(change.path) == change.old
            ]
            git(root, "update-index", "-z", "--index-info", stdin=("\0".join([*edits, ""])).encode(), env=env)
            try_git(root, "update-index", "-q", "--refresh", env=env)
            if _swap(private, index, before):
                return
        finally:
            private.unlink(missing_ok=True)
    raise GitError(
        "the index is locked or changes all the time, so the work tree could not follow",
        file=str(index),
        hint="The commit is made. When no other Git command runs in this library, run any tvmgitlib command again.",
    )


_INDEX_TRIES = 50


def _staged(root: Path, env: dict[str, str]) -> dict[str, str]:
    listed = git(root, "ls-files", "-z", "--stage", env=env).split(b"\0")
    entries = (entry.split(b"\t", 1) for entry in listed if entry)
    return {path.decode(errors="surrogateescape"): meta.split()[1].decode() for meta, path in entries}


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _swap(private: Path, index: Path, before: tuple[int, int, int] | None) -> bool:
    """Put the private index in place, under Git's own lock file and only if nobody changed the index meanwhile.

    The lock is a hard link to the private file: after a kill in between, the two show that the lock is ours.
    """
    lock = index.with_name("index.lock")
    try:
        os.link(private, lock)
    except FileExistsError:
        _remove_own_lock(index.parent, lock)
        return False
    if _identity(index) != before:
        lock.unlink()
        return False
    lock.replace(index)
    return True


def _remove_own_lock(git_dir: Path, lock: Path) -> None:
    """Remove an index.lock that an earlier run of ours was killed over: one of its private files is the same file."""
    for private in git_dir.glob("tvmgitlib-*.index"):
        try:
            if private.samefile(lock):
                lock.unlink()
        except FileNotFoundError:
            continue


def sweep(git_dir: Path) -> None:
    """Remove what a killed run left in the Git directory. Only while holding the write lock."""
    _remove_own_lock(git_dir, git_dir / "index.lock")
    for stray in [*git_dir.glob("tvmgitlib-*.index"), *git_dir.glob("tvmgitlib-*.tmp")]:
        stray.unlink(missing_ok=True)
