"""Text for people: aligned columns, times in readable units."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence


def table(
    rows: Sequence[Sequence[str]], header: Sequence[str] = (), right: Sequence[int] = (), indent: str = ""
) -> str:
    """Rows as aligned columns; on a terminal, one line each, whatever does not fit left out.

    Args:
        rows: the cells; every row has as many.
        header: the names of the columns.
        right: the columns that are aligned to the right.
        indent: what every line begins with.
    """
    if not rows:
        return ""
    cells = [[printable(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(fitted(indent + _line(row, widths, right)) for row in cells)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    return "  ".join(
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ).rstrip()


def printable(text: str) -> str:
    """A text without line ends and control characters: logs and histories may hold any."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def fitted(line: str) -> str:
    """A line that is no wider than the terminal; whole where the output is none."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width else f"{line[: max(width - 2, 0)]}.."


def duration(seconds: float) -> str:
    """A time to two decimals of its unit: `84.21 us`, `1.27 ms`, `2.40 s`."""
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if round(seconds / scale, 2) < 1000:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds:.2f} s"
