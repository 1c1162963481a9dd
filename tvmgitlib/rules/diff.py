"""What changed between two folds, in the library's terms: per workload, the best before and after."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tvmgitlib.model import StoredRecord
from tvmgitlib.rules.fold import Configs, Group, group_of
from tvmgitlib.rules.order import rank

Kind = Literal["added", "removed", "faster", "slower", "same"]

KINDS: tuple[Kind, ...] = ("added", "removed", "faster", "slower", "same")


class Difference(Struct, frozen=True):
    """One group (workload, target, platform, TVM) in two folds.

    Attributes:
        kind: what happened to its best record. `same` is the same cost, be it by another record.
        old, new: the best record before and after; None where there is none.
    """

    kind: Kind
    old: StoredRecord | None
    new: StoredRecord | None

    @property
    def present(self) -> StoredRecord:
        """The record that tells what the group is: the new one where there is one."""
        stored = self.new or self.old
        assert stored is not None  # a group has a record on one side at least
        return stored

    @property
    def ratio(self) -> float | None:
        """Old cost over new cost: above 1 is faster. None where there is nothing to compare."""
        return self.old.record.cost / self.new.record.cost if self.old and self.new else None


def diff(before: Configs, after: Configs) -> list[Difference]:
    """Every group of either fold, in canonical order."""
    old, new = _bests(before), _bests(after)
    return [
        Difference(_kind(old.get(place), new.get(place)), old.get(place), new.get(place))
        for place in sorted(old.keys() | new.keys())
    ]


def _bests(configs: Configs) -> dict[tuple[str, Group], StoredRecord]:
    best: dict[tuple[str, Group], StoredRecord] = {}
    for path, records in configs.items():
        for stored in records:
            place = (path, group_of(stored, ""))
            if place not in best or rank(stored) < rank(best[place]):
                best[place] = stored
    return best


def _kind(old: StoredRecord | None, new: StoredRecord | None) -> Kind:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if old.record.cost == new.record.cost:
        return "same"
    return "faster" if new.record.cost < old.record.cost else "slower"
