"""Text for people: aligned columns, times in readable units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from tvmgitlib.cli.terminal.cutting import clipped, fitting, width_of, wrapped
from tvmgitlib.cli.terminal.width import fitted, printable, terminal_width
from tvmgitlib.model import duration

Row = TypeVar("Row")

#: The fewest columns for labels; where that is too much, lines are cut at their ends.
_NARROWEST = 16

#: The part of a line that labels have at least where another column follows them.
_SHARE_OF_LABELS = 0.6

#: How many texts stand below a table at most: of more nobody finds the one that is meant.
_MOST_APART = 9


class Column(Struct, Generic[Row], frozen=True):
    """A column of a table.

    Attributes:
        header: its name.
        cell: what it says of a row.
        right: whether it is aligned to the right.
        when: whether it has something to say of some row; without that it is left out. None for a column that is
            always there.
        value: what it is sorted by, and what programs get of it: a number where it has one, in seconds for a time.
            None for the cell itself.
        more: whether it is shown only where it is asked for.
        least: of a column that yields to those behind it where the terminal is too narrow, the columns that it keeps.
        apart: of a column of sentences, that they stand below the table where the terminal is too narrow for them, each
            once.
        ident: of a column of labels, what stands for each: so they stay apart where there is no room for all of them.
            None for a column that is shown whole.
    """

    header: str
    cell: Callable[[Row], str]
    right: bool = False
    when: Callable[[Sequence[Row]], bool] | None = None
    ident: Callable[[Row], str] | None = None
    value: Callable[[Row], Any] | None = None
    more: bool = False
    least: int | None = None
    apart: bool = False

    def of(self, row: Row) -> Any:
        """What programs get of a row."""
        return self.value(row) if self.value is not None else self.cell(row)


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
    cells = [[printable(column.cell(row)) for row in rows] for column in shown]
    below: list[str] = []
    if width := terminal_width():
        below = _set_apart(shown, cells, width - len(indent))
        _yield_room(shown, cells, width - len(indent))
        _fit_labels(rows, shown, cells, width - len(indent))
    told = [[column.header, *texts] for column, texts in zip(shown, cells, strict=True)]
    return "\n".join(
        [_aligned(list(zip(*told, strict=True)), [column.right for column in shown], indent)]
        + [line for text in below for line in wrapped(text, width or 0, indent)]
    )


def _set_apart(columns: list[Column[Row]], cells: list[list[str]], width: int) -> list[str]:
    """What a column says that does not fit beside the rest: each text once, with the mark that rows have in its place.

    Where all rows say the same there is no column left of it.
    """
    at = next((at for at, column in enumerate(columns) if column.apart), None)
    widths = [_width(column, texts) for column, texts in zip(columns, cells, strict=True)]
    if at is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        return []
    texts = list(dict.fromkeys(filter(None, cells[at])))
    if len(texts) > _MOST_APART:
        return []
    if len(texts) == 1 and all(cells[at]):
        del cells[at]
        return [f"{columns.pop(at).header}: {texts[0]}"]
    marks = {text: f"({number})" for number, text in enumerate(texts, 1)}
    cells[at] = [marks.get(text, "") for text in cells[at]]
    return [f"{mark} {text}" for text, mark in marks.items()]


def _yield_room(columns: Sequence[Column[Row]], cells: list[list[str]], width: int) -> None:
    """Cut the columns that yield, by no more than what is missing."""
    widths = [_width(column, texts) for column, texts in zip(columns, cells, strict=True)]
    missing = sum(widths) + 2 * (len(widths) - 1) - width
    for at, column in enumerate(columns):
        if missing > 0 and column.least is not None:
            room = max(column.least, widths[at] - missing)
            cells[at] = [clipped(text, room) for text in cells[at]]
            missing -= widths[at] - _width(column, cells[at])


def _width(column: Column[Row], texts: Sequence[str]) -> int:
    return max(map(width_of, (column.header, *texts)))


def _fit_labels(rows: Sequence[Row], columns: Sequence[Column[Row]], cells: list[list[str]], width: int) -> None:
    """Shorten the labels that are too long for the terminal. What comes behind them has a part of it at most."""
    at = next((at for at, column in enumerate(columns) if column.ident), None)
    if at is None or (ident := columns[at].ident) is None:
        return
    widths = [_width(column, texts) + 2 for column, texts in zip(columns, cells, strict=True)]
    room = width - sum(widths[:at])
    room = max(room - sum(widths[at + 1 :]), int(room * _SHARE_OF_LABELS) if widths[at + 1 :] else 0, _NARROWEST)
    cells[at] = fitting(cells[at], [ident(row) for row in rows], room)


def count(header: str, value: Callable[[Row], int], when: Callable[[Sequence[Row]], bool] | None = None) -> Column[Row]:
    """A column of numbers of something."""
    return Column(header, lambda row: f"{value(row):,}", right=True, value=value, when=when)


def seconds(header: str, value: Callable[[Row], float | None], unknown: str = "") -> Column[Row]:
    """A column of times."""
    return Column(header, lambda row: duration(value(row), unknown), right=True, value=value)


def factor(
    header: str,
    value: Callable[[Row], float | None],
    when: Callable[[Sequence[Row]], bool] | None = None,
    digits: int = 2,
) -> Column[Row]:
    """A column of how many times faster something is: above 1 is faster, wherever it is shown."""
    return Column(header, lambda row: times(value(row), digits), right=True, when=when, value=value)


def pairs(told: Iterable[tuple[str, str]]) -> str:
    """Names, and beside them what they stand for."""
    return _aligned([tuple(map(printable, pair)) for pair in told], [False, False])


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[bool], indent: str = "") -> str:
    """Cells in columns; on a terminal one line a row, whatever does not fit left out."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    return "\n".join(fitted(indent + _line(row, widths, right)) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(
        _padding(cell, width) + cell if to_the_right else cell + _padding(cell, width)
        for cell, width, to_the_right in zip(row, widths, right, strict=True)
    ).rstrip()


def _padding(cell: str, width: int) -> str:
    return " " * (width - width_of(cell))


def times(ratio: float | None, digits: int) -> str:
    """How many times faster something is; nothing where nobody knows."""
    return f"{ratio:.{digits}f}x" if ratio is not None else ""
