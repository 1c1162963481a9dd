"""A file for numbers that are not needed for a while, so that they take no memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections.abc import Iterator

#: How many of some numbers are in memory when they are read again.
_BLOCK = 1024


class NumbersFile:
    """Numbers of 64 bits, in a file that nobody else sees and that is gone with this; made when it is first needed."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._size = 0

    def put(self, numbers: array[int]) -> Iterator[int]:
        """Take numbers in; gives them back, in their order, when they are asked for.

        Raises:
            OSError: the file cannot be written.
        """
        if self._file is None:
            file = tempfile.TemporaryFile(prefix="tvmgitlib-", buffering=0)  # noqa: SIM115  # open for as long as this is
            weakref.finalize(self, file.close)
            self._file = file.fileno()
        start, content = self._size, memoryview(numbers).cast("B")
        while content:
            written = os.pwrite(self._file, content, self._size)
            self._size += written
            content = content[written:]
        return self._between(start, self._size)

    def _between(self, start: int, end: int) -> Iterator[int]:
        assert self._file is not None  # something is in it
        for at in range(start, end, _BLOCK * 8):
            block = array("Q")
            block.frombytes(os.pread(self._file, min(_BLOCK * 8, end - at), at))
            yield from block
