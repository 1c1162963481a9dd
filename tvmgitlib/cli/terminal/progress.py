"""How far a long command is: one line on standard error, and only where that is a terminal."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tvmgitlib.cli.terminal.cutting import clipped, width_of
from tvmgitlib.cli.terminal.width import printable
from tvmgitlib.model import rough

#: Between two changes of the line (seconds): more often nobody can read it.
_PAUSE = 0.1

#: A step has to last so long (seconds) before it says anything of what is left: earlier that is a guess.
_SETTLED = 1.0

_NARROWEST = 20

_log = logging.getLogger("tvmgitlib.progress")

#: What takes away whatever else is shown for a while.
_shown: list[Callable[[], None]] = []


@contextmanager
def shown() -> Iterator[None]:
    """Show the progress that the library tells of while this lasts."""
    if not sys.stderr.isatty() or any(isinstance(handler, _Line) for handler in _log.handlers):
        yield
        return
    line = _Line()
    _log.addHandler(line)
    _log.setLevel(logging.INFO)
    _log.propagate = False
    try:
        yield
    finally:
        _log.propagate = True
        _log.setLevel(logging.NOTSET)
        _log.removeHandler(line)
        line.clear()


def wipe() -> None:
    """Take the line away, and what else is shown for a while, before something else is printed."""
    for handler in _log.handlers:
        if isinstance(handler, _Line):
            handler.clear()
    for clear in _shown:
        clear()


@contextmanager
def wiping(clear: Callable[[], None]) -> Iterator[None]:
    """Let `wipe` take something else away too, and do so at the end."""
    _shown.append(clear)
    try:
        yield
    finally:
        _shown.remove(clear)
        clear()


class WipingHandler(logging.StreamHandler):  # type: ignore[type-arg]  # of whatever standard error is
    """Writes messages to standard error, where the line was."""

    def emit(self, record: logging.LogRecord) -> None:
        wipe()
        super().emit(record)


class _Line(logging.Handler):
    """Writes every message over the one before, with the time that is left of its step where that can be told."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        self._written = 0
        self._step: str | None = None
        self._began = (0.0, 0.0)

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        step, share = getattr(record, "step", None), getattr(record, "share", None)
        if step is None or step != self._step:
            self._step, self._began = step, (now, share or 0.0)
        if now < self._next:
            return
        self._next = now + _PAUSE
        text = printable(record.getMessage())
        if (left := self._left(now, share)) is not None:
            text += f", {left} left"
        self._write(text)

    def clear(self) -> None:
        if self._written:
            self._put(" " * self._written)
            self._written = 0

    def _left(self, now: float, share: float | None) -> str | None:
        """The time that is left of the step, if it goes on as fast as so far."""
        began, from_share = self._began
        if share is None or share <= from_share or now - began < _SETTLED:
            return None
        return rough((now - began) / (share - from_share) * (1 - share))

    def _write(self, text: str) -> None:
        text = clipped(text, self._width())
        width = width_of(text)
        self._put(text + " " * (self._written - width))
        self._written = max(width, self._written)

    def _width(self) -> int:
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
        except OSError:
            columns = 80
        return max(int(os.environ.get("COLUMNS") or columns or 80) - 1, _NARROWEST)

    def _put(self, text: str) -> None:
        sys.stderr.write(f"\r{text}\r")
        sys.stderr.flush()
