"""Locks of the library: files in the Git directory, which the system releases when their holders are dead."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.git import Sharing

_log = logging.getLogger("tvmgitlib")

_POLL_SECONDS = 0.02
_SAY_AFTER_SECONDS = 3.0
_GIVE_UP_SECONDS = 600.0

#: One writer at a time.
_WRITE = "lock"

#: Held by all whose new objects no ref leads to yet, and by one who looks for what such left behind.
_KEEP = "keeping"

#: One who gathers packs at a time.
_GATHER = "gathering"


@contextmanager
def write_lock(state: Path) -> Iterator[int]:
    """Hold the library's write lock, after waiting for any other writer.

    Args:
        state: the library's folder under the common Git directory.

    Yields:
        The descriptor of the lock. A process that inherits it holds the lock as well: when we are killed, the next
        writer waits until a Git command of ours that could still move a branch is dead, too.

    Raises:
        GitError: another process held the lock for ten minutes.
    """
    with _open(state / _WRITE) as lock:
        if not _acquire(lock, _SAY_AFTER_SECONDS):
            _log.warning("waiting for another tvmgitlib that is writing to this library")
            if not _acquire(lock, _GIVE_UP_SECONDS):
                raise GitError("another process has held the library's lock for ten minutes", file=str(state / "lock"))
        yield lock


@contextmanager
def try_write_lock(state: Path) -> Iterator[int | None]:
    """The same without waiting: yields None when there is another writer."""
    with _open(state / _WRITE) as lock:
        yield lock if _acquire(lock, 0) else None


@contextmanager
def keep_lock(state: Path) -> Iterator[None]:
    """Show that there are packs of ours that are kept although no ref leads to them."""
    with _open(state / _KEEP) as lock:
        _acquire(lock, _GIVE_UP_SECONDS, fcntl.LOCK_SH)  # the others look for a moment only
        yield


@contextmanager
def nobody_keeps(state: Path) -> Iterator[bool]:
    """Whether there is nobody who shows that; nobody can begin to while the context lasts."""
    with _open(state / _KEEP) as lock:
        yield _acquire(lock, 0)


@contextmanager
def try_gather_lock(state: Path) -> Iterator[bool]:
    """Whether this process is the one that gathers packs."""
    with _open(state / _GATHER) as lock:
        yield _acquire(lock, 0)


@contextmanager
def gather_lock(state: Path) -> Iterator[None]:
    """Gather packs alone, after waiting for any other process that does.

    Raises:
        GitError: another process held the lock for ten minutes.
    """
    with _open(state / _GATHER) as lock:
        if not _acquire(lock, _GIVE_UP_SECONDS):
            raise GitError("another process has gathered packs for ten minutes", file=str(state / _GATHER))
        yield


def make_state(state: Path, sharing: Sharing | None = None) -> None:
    """Make the library's folder under the common Git directory, if it is not there yet.

    Args:
        state: the folder.
        sharing: how the repository is shared, where that is known already.
    """
    if not state.is_dir():
        state.mkdir(exist_ok=True)
        (sharing or Sharing.in_git_dir(state.parent)).share(state)


@contextmanager
def _open(path: Path) -> Iterator[int]:
    sharing = None if path.exists() else Sharing.in_git_dir(path.parents[1])
    if sharing is not None:
        make_state(path.parent, sharing)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        if sharing is not None:
            sharing.share(lock)
        yield lock
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # whoever inherited it does not hold it any longer, either
        os.close(lock)


def _acquire(lock: int, seconds: float, operation: int = fcntl.LOCK_EX) -> bool:
    give_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, operation | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return False
            time.sleep(_POLL_SECONDS)
