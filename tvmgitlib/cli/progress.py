"""How far a long import is: one line on standard error, and only where that is a terminal."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tvmgitlib.cli.tables import printable

#: Between two changes of the line (seconds): more often nobody can read it.
_PAUSE = 0.1

_WIDTH = 78


@contextmanager
def shown() -> Iterator[None]:
    """Show the progress that the library tells of while this lasts."""
    if not sys.stderr.isatty():
        yield
        return
    logger = logging.getLogger("tvmgitlib.progress")
    line = _Line()
    logger.addHandler(line)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(line)
        line.clear()


class _Line(logging.Handler):
    """Writes every message over the one before."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        self._written = False

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            self._written = True
            self._write(printable(record.getMessage())[-_WIDTH:].ljust(_WIDTH))

    def clear(self) -> None:
        if self._written:
            self._write(" " * _WIDTH)

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text}\r")
        sys.stderr.flush()
