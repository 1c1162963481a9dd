"""Waiting for what Git says: whoever has heard nothing for a while looks at why, and goes on waiting."""

from __future__ import annotations

import os
import select
import selectors
import subprocess
import time
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: How long Git may be silent before somebody looks, in seconds; then twice as long, and so on.
_FIRST: Final = 1.0


def communicate(
    process: subprocess.Popen[bytes], stdin: bytes, within: float | None, look: Callable[[], None]
) -> tuple[bytes, bytes]:
    """What a process says to the end. Its own `communicate` forgets what is left to give, once it was interrupted.

    Args:
        process: the process.
        stdin: its standard input.
        within: how long it may take, in seconds; None for as long as it takes.
        look: called where it is silent.

    Raises:
        TimeoutExpired: it took longer.
    """
    end = None if within is None else time.monotonic() + within
    heard: dict[int, list[bytes]] = {}
    with selectors.DefaultSelector() as selector:
        for pipe in filter(None, (process.stdout, process.stderr)):
            heard[pipe.fileno()] = []
            selector.register(pipe, selectors.EVENT_READ)
        assert process.stdin is not None  # it is a pipe
        selector.register(process.stdin, selectors.EVENT_WRITE)
        left, patience = memoryview(stdin), _FIRST
        while selector.get_map():
            remaining = patience if end is None else min(patience, end - time.monotonic())
            ready = selector.select(max(remaining, 0))
            if not ready and end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired(process.args, within or 0)
            if not ready:
                look()
                patience *= 2
            for key, _ in ready:
                if key.fd in heard:
                    heard[key.fd].append(os.read(key.fd, 1 << 16))
                    is_over = not heard[key.fd][-1]
                else:
                    left = left[_given(key.fd, left) :]
                    is_over = not left
                if is_over:
                    selector.unregister(key.fileobj)
                    if key.fd not in heard:
                        process.stdin.close()
    process.wait()
    said, complaint = (b"".join(heard[pipe.fileno()]) if pipe else b"" for pipe in (process.stdout, process.stderr))
    return said, complaint


def _given(pipe: int, content: memoryview) -> int:
    """How much of its input a process that waits for it has taken; all where it wants no more."""
    try:
        return os.write(pipe, content[: select.PIPE_BUF])
    except BrokenPipeError:
        return len(content)


def patiently(process: subprocess.Popen[bytes], look: Callable[[], None]) -> None:
    """Have whoever reads the standard output of a process look where it is silent.

    Args:
        process: the process.
        look: called where it is silent; what it raises, the reader raises.
    """
    assert isinstance(process.stdout, BufferedReader)  # it is a pipe
    process.stdout = BufferedReader(_Patient(process.stdout.detach(), look))


class _Patient(RawIOBase):
    """A stream; whoever reads it looks at why there is nothing, where there is nothing for a while."""

    def __init__(self, stream: RawIOBase, look: Callable[[], None]) -> None:
        self._stream = stream
        self._look = look
        self._patience = _FIRST
        self._poll = select.poll()
        self._poll.register(stream.fileno(), select.POLLIN)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        while not self._poll.poll(self._patience * 1000):
            self._patience *= 2
            self._look()
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
