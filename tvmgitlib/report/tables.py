"""Tables as a page gets them: columns and rows of plain values, which its script draws, sorts and searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

Row = TypeVar("Row")

#: How a column is shown: `seconds` with its unit, `factor` as `1.8x`, `label` in the typeface of code, `id` cut short.
Kind = Literal["text", "label", "count", "seconds", "factor", "percent", "date", "id", "grade"]


class Column(Struct, Generic[Row], frozen=True):
    """A column of a table.

    Attributes:
        name: its heading.
        kind: how it is shown.
        value: what it says of a row.
        link: the page that it leads to, below the top of the site; None for nowhere.
        when: whether it is there at all.
    """

    name: str
    kind: Kind
    value: Callable[[Row], Any]
    link: Callable[[Row], str | None] | None = None
    when: Callable[[Sequence[Row]], bool] | None = None


def table(rows: Iterable[Row], columns: Iterable[Column[Row]]) -> dict[str, Any]:
    """A table for a page's script.

    Args:
        rows: what it shows.
        columns: what of that; the first that is a label, or else the first, names a row.
    """
    known = list(rows)
    shown = [column for column in columns if column.when is None or column.when(known)]
    return {
        "columns": [{"name": column.name, "kind": column.kind, "linked": column.link is not None} for column in shown],
        "rows": [[_cell(row, column) for column in shown] for row in known],
    }


def _cell(row: Row, column: Column[Row]) -> Any:
    value = column.value(row)
    return value if column.link is None else [value, column.link(row)]
