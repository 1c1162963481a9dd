"""One writer at a time: a lock file in the Git directory, which the system releases when its holders are dead."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tvmgitlib.errors import GitError

_log = logging.getLogger("tvmgitlib")

_POLL_SECONDS = 0.02
_SAY_AFTER_SECONDS = 3.0
_GIVE_UP_SECONDS = 600.0


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
    with _open(state) as lock:
        if not _acquire(lock, _SAY_AFTER_SECONDS):
            _log.warning("waiting for another tvmgitlib that is writing to this library")
            if not _acquire(lock, _GIVE_UP_SECONDS):
                raise GitError("another process has held the library's lock for ten minutes", file=str(state / "lock"))
        yield lock


@contextmanager
def try_write_lock(state: Path) -> Iterator[int | None]:
    """The same without waiting: yields None when there is another writer."""
    with _open(state) as lock:
        yield lock if _acquire(lock, 0) else None


@contextmanager
def _open(state: Path) -> Iterator[int]:
    state.mkdir(exist_ok=True)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield lock
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # whoever inherited it does not hold it any longer, either
        os.close(lock)


def _acquire(lock: int, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return False
            time.sleep(_POLL_SECONDS)
