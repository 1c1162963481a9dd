"""Answers for many targets and platforms: a table for each of them, under its title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from tvmgitlib.cli.common.tables import Column, table
from tvmgitlib.cli.terminal.cutting import clipped, width_of
from tvmgitlib.cli.terminal.width import fitted, terminal_width
from tvmgitlib.model import plural


class Placed(Protocol):
    """An answer about one workload on one target and platform."""

    @property
    def family(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def platform(self) -> str | None: ...
    @property
    def workload(self) -> str: ...
    @property
    def target_label(self) -> str: ...


PlacedRow = TypeVar("PlacedRow", bound=Placed)


def by_place(rows: Iterable[PlacedRow], columns: Sequence[Column[PlacedRow]], noun: str = "workload") -> str:
    """A table for each family, target and platform, in the order in which the rows come to them.

    Args:
        rows: what there is to show.
        columns: what to show of it, below the title.
        noun: what a row is about, for the title's count.
    """
    places: dict[tuple[str, str, str | None], list[PlacedRow]] = {}
    for row in rows:
        places.setdefault((row.family, row.target, row.platform), []).append(row)
    return "\n\n".join(
        f"{fitted(_title(found, noun))}\n{table(found, columns, indent='  ')}" for found in places.values()
    )


def _title(rows: Sequence[Placed], noun: str) -> str:
    """What the rows have in common: `rk3399: llvm -mcpu=cortex-a72 (autotvm), 3 workloads`; the target yields."""
    first = rows[0]
    platform, count = first.platform or "on no known platform", plural(len({row.workload for row in rows}), noun)
    before, behind = f"{platform}: ", f" ({first.family}), {count}"
    width = terminal_width()
    target = first.target_label
    if width is not None:
        target = clipped(target, max(width - width_of(before + behind), _NARROWEST))
    return f"{before}{target}{behind}"


#: The fewest columns for a target in a title.
_NARROWEST = 16
