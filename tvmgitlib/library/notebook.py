"""Tables for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

#: How many rows are shown before they are only counted: a notebook keeps what it shows.
_MOST_ROWS: Final = 50


def html_table(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """The first of some rows as an HTML table; nothing of a library gets into it unescaped.

    Args:
        rows: values by the names of the columns.
        names: the columns.
    """
    known = list(rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{_cells(row, names)}</tr>" for row in known[:_MOST_ROWS])
    more = f"<p>and {len(known) - _MOST_ROWS:,} more</p>" if len(known) > _MOST_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return "".join(f"<td>{escape(_word(row.get(name)))}</td>" for name in names)


def _word(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
