"""Text for people: aligned columns, times in readable units."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tvmgitlib.errors import plain_line

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a table.

    Attributes:
        header: its name.
        cell: what it says of a row.
        right: whether it is aligned to the right.
        when: whether it has something to say of some row; without that it is left out. None for a column that is
            always there.
    """

    header: str
    cell: Callable[[Row], str]
    right: bool = False
    when: Callable[[Sequence[Row]], bool] | None = None


def table(rows: Sequence[Row], columns: Iterable[Column[Row]], indent: str = "") -> str:
    """Rows under the headers of their columns; nothing at all where there is no row.

    Args:
        rows: what there is to show.
        columns: what to show of it.
        indent: what every line begins with.
    """
    if not rows:
        return ""
    shown = [column for column in columns if column.when is None or column.when(rows)]
    header = [column.header for column in shown]
    cells = [[column.cell(row) for column in shown] for row in rows]
    return _aligned([header, *cells], [column.right for column in shown], indent)


def pairs(told: Iterable[tuple[str, str]]) -> str:
    """Names, and beside them what they stand for."""
    return _aligned(list(told), [False, False])


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[bool], indent: str = "") -> str:
    """Cells in columns; on a terminal one line a row, whatever does not fit left out."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(fitted(indent + _line(row, widths, right)) for row in cells)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(
        cell.rjust(width) if to_the_right else cell.ljust(width)
        for cell, width, to_the_right in zip(row, widths, right, strict=True)
    ).rstrip()


def printable(text: str) -> str:
    """A text in one line and without control characters: logs and histories may hold any.

    What stood in lines of its own (the hint of an error, say) follows after a semicolon, or after the full stop.
    """
    if text.isprintable():
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ended = [line if line[-1] in ".:;" else f"{line};" for line in lines[:-1]]
    return plain_line(" ".join([*ended, *lines[-1:]]))


def fitted(line: str) -> str:
    """A line that is no wider than the terminal; whole where the output is none."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    return line if len(line) <= width else f"{line[: max(width - 2, 0)]}.."


def duration(seconds: float | None, unknown: str = "") -> str:
    """A time to two decimals of its unit: `84.21 us`, `1.27 ms`, `2.40 s`; other words where nobody knows it."""
    if seconds is None:
        return unknown
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if round(seconds / scale, 2) < 1000:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds:.2f} s"
