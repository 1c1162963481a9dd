"""One line of text as a terminal shows it: printable, and no wider than it is."""

from __future__ import annotations

import sys

from tvmgitlib.cli.terminal.cutting import beginning, width_of
from tvmgitlib.model import plain_line


def printable(text: str) -> str:
    """A text in one line and without control characters: logs and histories may hold any.

    What stood in lines of its own (the hint of an error, say) follows after a semicolon, or after the full stop.
    """
    if text.isprintable():
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ended = [line if line[-1] in ".:;" else f"{line};" for line in lines[:-1]]
    return plain_line(" ".join([*ended, *lines[-1:]]))


def terminal_width() -> int | None:
    """The columns of the terminal that results go to; None where they go elsewhere, where all is said in full."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def fitted(line: str) -> str:
    """A line that is no wider than the terminal; whole where the output is none."""
    width = terminal_width()
    return line if width is None or width_of(line) <= width else f"{beginning(line, max(width - 2, 0))}.."
