"""Standard output is for results, also while code runs that prints what it likes."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout

_STDOUT, _STDERR = 1, 2  # what C and child processes print to, whatever `sys` has


@contextmanager
def output_as_errors() -> Iterator[None]:
    """Send to standard error what is printed while this lasts: by Python, by C and by child processes."""
    stdout = sys.stdout
    stdout.flush()
    with ExitStack() as stack:
        stack.callback(_restore, _duplicate(_STDOUT))
        os.dup2(_descriptor_of_stderr(), _STDOUT)
        # Whoever has kept the stream, and C, may hold some back: out with it before the results.
        stack.callback(stdout.flush)
        stack.callback(ctypes.CDLL(None).fflush, None)
        stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _duplicate(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:  # this process was started without it
        return None


def _restore(kept: int | None) -> None:
    if kept is None:
        os.close(_STDOUT)
    else:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def _descriptor_of_stderr() -> int:
    try:
        return sys.stderr.fileno()
    except OSError:  # no real file
        return _STDERR
