"""Being told to end: by a scheduler (SIGTERM), or because the terminal is gone (SIGHUP)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: What ends a command as Ctrl-C does: what it has begun is taken back, or is there as a whole.
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Told:
    """Which signal told this process to end.

    Attributes:
        by: the signal's name; None while there was none.
    """

    def __init__(self) -> None:
        self.by: str | None = None

    def end(self, number: int, _: FrameType | None) -> None:
        """Interrupt what is done; what else comes finds the process ending already."""
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        self.by = signal.Signals(number).name
        raise KeyboardInterrupt


@contextmanager
def interrupting() -> Iterator[Told]:
    """Take such a signal for an interrupt, where nobody has said what becomes of it (`nohup`, a program of its own)."""
    told = Told()
    mine = threading.current_thread() is threading.main_thread()
    heeded = [each for each in _ENDING if mine and signal.getsignal(each) is signal.SIG_DFL]
    for each in heeded:
        signal.signal(each, told.end)
    try:
        yield told
    finally:
        for each in heeded:
            signal.signal(each, signal.SIG_DFL)
