"""What the benchmark prints: a line a group, with the medians over what is in it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def ratio(rows: Sequence[Row], one: str, other: str) -> float:
    """The median of the ratios of two columns."""
    return statistics.median(row[one] / row[other] for row in rows)


def known(rows: Sequence[Row], column: str) -> list[Row]:
    """The rows that say something in a column."""
    return [row for row in rows if row[column] is not None]


def medians(rows: Sequence[Row], columns: Sequence[str]) -> dict[str, Any]:
    """The median of each column."""
    return {name: statistics.median(row[name] for row in rows) for name in columns}


def table(
    title: str, groups: Mapping[str, Sequence[Row]], summary: Callable[[Sequence[Row]], Mapping[str, Any]]
) -> str:
    """A line a group.

    Args:
        title: what the groups are by.
        groups: the rows of each.
        summary: what is said of a group, by column.
    """
    lines = [(name, summary(rows)) for name, rows in groups.items() if rows]
    if not lines:
        return ""
    names = list(lines[0][1])
    width = max(len(title), *(len(name) for name, _ in lines))
    text = [f"{title:<{width}}  " + "  ".join(f"{name:>13}" for name in names)]
    text += [f"{name:<{width}}  " + "  ".join(f"{found[key]:>13.4g}" for key in names) for name, found in lines]
    return "\n".join(text) + "\n"
