"""Being told to end: by Ctrl-C (SIGINT), by a scheduler (SIGTERM), or because the terminal is gone (SIGHUP)."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: What ends a command as Ctrl-C does: what it has begun is taken back, or is there as a whole.
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Told:
    """Whether a signal told this process to end.

    Attributes:
        by: the signal's name; None while there was none.
    """

    def __init__(self) -> None:
        self.by: str | None = None

    def end(self, number: int, _: FrameType | None) -> None:
        """Interrupt what is done; what else comes finds the process ending already, but for another Ctrl-C."""
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        self.by = self.by or signal.Signals(number).name
        sys.unraisablehook = _say_nothing
        raise KeyboardInterrupt

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Whatever fails in here once a signal has come fails by it: TVM's C++ makes other errors of an interrupt."""
        try:
            yield
        except Exception as error:
            if self.by is None:
                raise
            raise KeyboardInterrupt from error


def _say_nothing(_: object) -> None:
    """What dies with an ending process, such as TVM's pools of workers, fails where nobody can do anything about it."""


@contextmanager
def interrupting() -> Iterator[Told]:
    """Take such a signal for an interrupt, where nobody has said what becomes of it (`nohup`, a program of its own)."""
    told = Told()
    mine = threading.current_thread() is threading.main_thread()
    usual = {signal.SIGINT: signal.default_int_handler, **dict.fromkeys(_ENDING, signal.SIG_DFL)}
    heeded = {each: handler for each, handler in usual.items() if mine and signal.getsignal(each) is handler}
    for each in heeded:
        signal.signal(each, told.end)
    try:
        yield told
    finally:
        for each, handler in heeded.items():
            signal.signal(each, handler)
