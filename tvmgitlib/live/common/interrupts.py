"""Interrupts while a TVM with Relay is at work in C++.

Where its C++ calls Python it takes an `Exception` back. A `KeyboardInterrupt` is printed there and lost, and the search
goes on. So Ctrl-C, and whatever signal else raises, is kept until something can be told of it.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeAlias

_log = logging.getLogger("tvmgitlib")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: What calls Python from C++ in a TVM with Relay.
_OLD_CALLBACKS: Final = "tvm._ffi"

_Handler: TypeAlias = "Callable[[int, FrameType | None], Any]"


class InterruptionError(Exception):
    """Brings an interrupt out of C++; `holding` makes of it again what it was."""


class Held:
    """What signals have raised while interrupts are held back.

    Attributes:
        error: what the first of them raised; None while there was none.
    """

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._is_open = False

    def heed(self) -> None:
        """End what is done, where somebody asked for that; to be called by what C++ calls.

        Raises:
            InterruptionError: a signal has raised something.
        """
        if self.error is not None:
            raise InterruptionError from self.error

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In what C++ calls, where it may wait for long: nothing is held back, and what is raised gets through C++.

        Raises:
            InterruptionError: a signal has raised something.
        """
        self.heed()
        self._is_open = True
        try:
            yield
        except Exception:
            raise
        except BaseException as error:
            self.error = error
            raise InterruptionError from error
        finally:
            self._is_open = False

    def hearing(self, handler: _Handler) -> _Handler:
        """The handler of a signal, which keeps what the handler before it raises."""

        def hear(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                if self._is_open:
                    raise
                if self.error is None:
                    _log.warning("interrupted: TVM ends what it has begun")
                    self.error = error

        return hear


@contextmanager
def holding() -> Iterator[Held]:
    """Hold interrupts back in here; what one raised comes out at the end, in place of whatever else went wrong.

    A TVM without Relay loses none, so that there they come as ever.
    """
    held = Held()
    before: dict[int, _Handler] = {}
    if _OLD_CALLBACKS in sys.modules and threading.current_thread() is threading.main_thread():
        before = {number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))}
    own = {number: held.hearing(handler) for number, handler in before.items()}
    for number, handler in own.items():
        signal.signal(number, handler)
    try:
        yield held
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is own[number]:  # a handler may have put another one, or none, in its place
                signal.signal(number, handler)
        if held.error is not None:
            raise held.error
