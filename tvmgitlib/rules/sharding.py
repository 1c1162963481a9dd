"""Shards: the tasks of a tuning run in parts, one a machine, the same parts on every machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import TypeVar

from msgspec import Struct

from tvmgitlib.model import SelectionError

_FORM = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", re.ASCII)

#: What names a task on every machine; sorts.
Identity = TypeVar("Identity", bound=tuple[str, ...])


class Shard(Struct, frozen=True):
    """One of several parts.

    Attributes:
        number: which, from 1.
        parts: how many there are.
    """

    number: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard of a text such as `3/8`.

        Raises:
            SelectionError: it has another form, or its number is none of its parts'.
        """
        form = _FORM.fullmatch(text)
        if form is None or int(form[1]) > int(form[2]):
            hint = "The third of eight is 3/8; they are numbered from 1."
            raise SelectionError(f"{text!r} is no shard", hint=hint)
        return cls(int(form[1]), int(form[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"

    def of(self, costs: Mapping[Identity, float]) -> frozenset[Identity]:
        """The tasks of this part. The parts of one number have each task once, and depend on no order.

        The dearest first, each goes to the part that has least so far ("LPT": R. L. Graham, "Bounds on multiprocessing
        timing anomalies", SIAM J. Appl. Math. 17 (1969)), so that no two parts differ by more than one task costs.

        Args:
            costs: what each task costs, by its identity; in any unit, 0 or more.
        """
        loads = [(0.0, 0, number) for number in range(1, min(self.parts, len(costs)) + 1)]
        heapify(loads)
        found = set()
        for identity, cost in sorted(costs.items(), key=lambda task: (-task[1], task[0])):
            load, count, number = heappop(loads)
            heappush(loads, (load + cost, count + 1, number))
            if number == self.number:
                found.add(identity)
        return frozenset(found)
