"""Programs on terminals of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

#: What moves the cursor or colours; a bell.
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")


class Terminal:
    """What somebody at a terminal sees of a program, and types.

    Attributes:
        shown: what has been shown so far, without control characters.
    """

    #: Until when something has to be shown that is waited for (seconds).
    PATIENCE = 120.0

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until a text is shown."""
        until = time.monotonic() + self.PATIENCE
        while text not in self.shown:
            ready, _, _ = select.select([self._handle], [], [], max(until - time.monotonic(), 0))
            assert ready, f"{text!r} is not shown, but {self.shown!r}"
            self.shown += _CONTROL.sub(b"", os.read(self._handle, 65536)).decode(errors="replace")


@pytest.fixture
def terminal() -> Callable[[Sequence[str], Path], object]:
    """Run a program on a terminal, for as long as it is looked at; the command line is in its PATH."""

    @contextmanager
    def run(command: Sequence[str], folder: Path) -> Iterator[Terminal]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        where = {"TERM": "dumb", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | where,
        )
        os.close(theirs)
        try:
            yield Terminal(ours)
        finally:
            process.kill()
            process.wait()
            os.close(ours)

    return run
