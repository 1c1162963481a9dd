"""A table on standard error that is written over while it changes, and only where that is a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tvmgitlib.cli.terminal import progress
from tvmgitlib.cli.terminal.cutting import clipped

#: Between two changes (seconds): more often nobody can read it.
_PAUSE = 0.5

_UP_AND_CLEAR = "\x1b[{}A\r\x1b[J"


class LiveTable:
    """What is shown at the moment."""

    def __init__(self) -> None:
        self._height = 0
        self._next = 0.0

    def show(self, text: Callable[[], str]) -> None:
        """Show a text in the place of the one before, unless that came just now.

        Args:
            text: gives it; it is not asked where it is not shown.
        """
        if time.monotonic() < self._next:
            return
        columns, rows = shutil.get_terminal_size()
        lines = [clipped(line, columns) for line in text().splitlines()][: rows - 1]
        self.clear()
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
        self._height = len(lines)
        self._next = time.monotonic() + _PAUSE

    def clear(self) -> None:
        """Take it away."""
        if self._height:
            sys.stderr.write(_UP_AND_CLEAR.format(self._height))
            sys.stderr.flush()
            self._height = 0


@contextmanager
def live_table() -> Iterator[LiveTable | None]:
    """A table that is gone afterwards, and whenever something else is printed; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    table = LiveTable()
    with progress.wiping(table.clear):
        yield table
