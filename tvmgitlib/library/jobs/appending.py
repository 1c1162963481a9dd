"""Appending to a log so that a kill at any time leaves whole lines, and at most one cut-off line at its end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from tvmgitlib.library.jobs.logs import is_whole

_LOOK_BACK = 64 * 1024


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines; they are on the disk when this returns, and none of them is when it raises.

    A line that a kill cut off before is removed first: what follows it would be lost with it.

    Args:
        path: the log; made if it does not exist.
        lines: without line ends.

    Raises:
        OSError: the disk is full, say.
    """
    content = b"".join(line.encode() + b"\n" for line in lines)
    path.touch()
    with path.open("r+b") as file:
        end = _mend_end(file)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.truncate(path, end)
            raise


def _mend_end(file: BinaryIO) -> int:
    """Where the next line begins: a last line that only lacks its end gets it, a cut-off one is removed."""
    start = end = file.seek(0, os.SEEK_END)
    tail = b""
    while start > 0 and b"\n" not in tail:
        start = file.seek(max(0, start - _LOOK_BACK))
        tail = file.read(end - start)
    last = tail.rpartition(b"\n")[2]
    if last and is_whole(last):
        file.write(b"\n")
    elif last:
        file.seek(end - len(last))
        file.truncate()
    return file.tell()
