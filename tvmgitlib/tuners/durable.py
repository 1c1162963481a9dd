"""Appending to a log so that a kill, at any moment, loses at most the batch that had not returned."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO

_TAIL = 1 << 16


def append(path: Path, lines: bytes) -> None:
    """Append whole lines: on the disk when it returns; when it raises, none of them is in the file.

    What a kill in the middle of an earlier batch left of its last line is cut away first.

    Raises:
        OSError: the file is not there, or the disk is full.
    """
    with path.open("r+b", buffering=0) as file:
        end = _end_of_whole_lines(file)
        file.truncate(file.seek(end))
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(end)
            raise


def _end_of_whole_lines(file: IO[bytes]) -> int:
    """Where to go on writing: behind the last whole line, which has a line end then."""
    end = file.seek(0, os.SEEK_END)
    start, tail = end, b""
    while start > 0 and b"\n" not in tail:
        start = max(0, start - _TAIL)
        file.seek(start)
        tail = file.read(end - start)
        if tail.endswith(b"\n"):
            return end
    last = tail.rpartition(b"\n")[2]
    try:
        json.loads(last)
    except ValueError:
        return end - len(last)
    file.seek(end)
    return end + file.write(b"\n")
