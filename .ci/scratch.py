"""Where tests write: in memory where there is room, since what takes their time is otherwise the disk.

Every commit of a library waits until it is on the disk, which no test can tell from one that waited for memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes: the suites that run side by side leave up to 1.5 GiB


def folder() -> str | None:
    """Return the folder in memory if tests can write enough there and run what they wrote; None is the usual one."""
    try:
        if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC or shutil.disk_usage(MEMORY).free < ROOM:
            return None
    except (OSError, AttributeError):  # no such folder, or a system that knows nothing of the kind
        return None
    return str(MEMORY) if os.access(MEMORY, os.W_OK | os.X_OK) else None


@contextmanager
def scratch() -> Iterator[str]:
    """A folder for what one suite writes, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-", dir=folder(), ignore_cleanup_errors=True) as path:
        yield path
