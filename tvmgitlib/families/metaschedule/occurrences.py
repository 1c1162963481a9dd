"""How often each of many numbers came by: exact, and in bounded memory however many there are."""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Iterable, Iterator

#: How many numbers are counted in memory; above, a file of slots holds them, at most half of it full.
_FEW = 1 << 17

#: A slot: a number, and how often it came by; never, where the slot is empty.
_SLOT = struct.Struct("<QQ")
_BLOCK = 4096

#: Spreads numbers that lie close together (64 bits of the golden ratio).
_SPREAD = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


class Occurrences:
    """Counts numbers of 64 bits."""

    def __init__(self) -> None:
        self._few: dict[int, int] = {}
        self._many: _Slots | None = None

    def before(self, number: int) -> int:
        """How often a number came by before now.

        Raises:
            OSError: the file cannot be written.
        """
        if self._many is not None:
            count = self._many.add(number)
            if self._many.is_half_full:
                self._many = _Slots.of(self._many.each(), 2 * self._many.size)
            return count
        count = self._few.get(number, 0)
        self._few[number] = count + 1
        if len(self._few) > _FEW:
            self._many = _Slots.of(self._few.items(), 4 * _FEW)
            self._few.clear()
        return count


class _Slots:
    """A table in a file that is gone with this.

    Args:
        size: how many slots it has, a power of two.
    """

    def __init__(self, size: int) -> None:
        from tempfile import TemporaryFile  # for which no answer need wait

        self.size = size
        self._shift = 64 - (size.bit_length() - 1)
        self._filled = 0
        file = TemporaryFile(prefix="tvmgitlib-", buffering=0)  # noqa: SIM115  # open for as long as this is
        file.truncate(size * _SLOT.size)
        weakref.finalize(self, file.close)
        self._file = file.fileno()

    @classmethod
    def of(cls, counts: Iterable[tuple[int, int]], size: int) -> _Slots:
        """A table of numbers, none twice, each with how often it came by."""
        slots = cls(size)
        for number, count in counts:
            slots.add(number, count)
        return slots

    @property
    def is_half_full(self) -> bool:
        return 2 * self._filled >= self.size

    def add(self, number: int, times: int = 1) -> int:
        """Count a number so many times more; returns how often it came by before.

        Raises:
            OSError: the file cannot be written.
        """
        at = (number * _SPREAD & _MASK) >> self._shift
        while True:
            found, count = _SLOT.unpack(os.pread(self._file, _SLOT.size, at * _SLOT.size))
            if count == 0 or found == number:
                break
            at = (at + 1) % self.size
        os.pwrite(self._file, _SLOT.pack(number, count + times), at * _SLOT.size)
        self._filled += count == 0
        return int(count)

    def each(self) -> Iterator[tuple[int, int]]:
        """Every number with how often it came by."""
        for at in range(0, self.size * _SLOT.size, _BLOCK * _SLOT.size):
            for number, count in _SLOT.iter_unpack(os.pread(self._file, _BLOCK * _SLOT.size, at)):
                if count:
                    yield number, count
