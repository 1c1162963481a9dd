"""One writer at a time: a lock file in the Git directory, which the system releases when its holder dies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tvmgitlib.errors import GitError

_log = logging.getLogger("tvmgitlib")

_POLL_SECONDS = 0.02
_SAY_AFTER_SECONDS = 3.0
_GIVE_UP_SECONDS = 600.0


@contextmanager
def write_lock(state: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the library's write lock.

    Args:
        state: the library's folder under the common Git directory.
        wait: wait for another writer; otherwise yield False at once when there is one.

    Raises:
        GitError: another process held the lock for ten minutes.
    """
    state.mkdir(exist_ok=True)
    lock = FileLock(state / "lock")
    try:
        lock.acquire(timeout=_SAY_AFTER_SECONDS if wait else 0, poll_interval=_POLL_SECONDS)
    except Timeout:
        if not wait:
            yield False
            return
        _log.warning("waiting for another tvmgitlib that is writing to this library")
        try:
            lock.acquire(timeout=_GIVE_UP_SECONDS, poll_interval=_POLL_SECONDS)
        except Timeout:
            raise GitError("another process has held the library's lock for ten minutes", file=lock.lock_file) from None
    try:
        yield True
    finally:
        lock.release()
