"""Files of this machine that are small in any honest case, and sizes as people are told of them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_MIB = 1 << 20


def size_in_words(size: int) -> str:
    """A size in the unit that limits are said in: `64 MiB`, `64 KiB`."""
    return f"{size / _MIB:,.0f} MiB" if size >= _MIB else f"{size / 1024:,.0f} KiB"


def read_small(path: Path, most: int, *, may_wait: bool = False) -> bytes:
    """The content of a file.

    Args:
        path: the file.
        most: how large it may be, in bytes.
        may_wait: whether it may be a pipe, as a user can name one; in a Git directory whoever reads one waits for ever.

    Raises:
        OSError: it cannot be read, is larger, or is no plain file where none else is read.
    """
    at_once = 0 if may_wait else os.O_NONBLOCK
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | at_once)) as file:
        if not may_wait and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {size_in_words(most)}", str(path))
    return content
