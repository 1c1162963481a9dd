"""How far the best config of a task is ahead of the next, as its lines in a segment say it: for indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tvmgitlib import families
from tvmgitlib.format.histories import STEPS
from tvmgitlib.model import FamilyName, TvmgitlibError, Workload, read_json

#: The first two costs of a task's history, which is its last member.
_COSTS = re.compile(rb'"x-history":\{"costs":\[(-?[0-9]{1,6})(?:,([0-9]{1,6}))?[,\]]')


class Lead(NamedTuple):
    """The best of a task, and the next of another config, in seconds; None where there is none, or nobody knows it.

    Attributes:
        configs: how many configs were measured.
        first, second: the two costs.
    """

    configs: int = 0
    first: float | None = None
    second: float | None = None


def lead_of(task: bytes, configs: int, records: Sequence[bytes], family: FamilyName, workload: Workload) -> Lead:
    """The lead within a task.

    Args:
        task: its line.
        configs: how many it measured.
        records: the lines of its records.
        family, workload: what it tuned.
    """
    history = _COSTS.search(task, max(task.rfind(b'"x-history":'), 0))
    if history is not None:
        first = int(history[1])
        steps = [first] if history[2] is None else [first, first + int(history[2])]
        costs = [2.0 ** (step / STEPS) for step in steps if abs(step) < 1000 * STEPS]
    else:
        try:
            costs = list(_costs(records, family, workload))
        except (TvmgitlibError, ValueError):
            costs = []
    return Lead(configs, *costs[:2])


def _costs(records: Sequence[bytes], family: FamilyName, workload: Workload) -> Iterator[float]:
    """The costs of a task's first two records, which are of different configs."""
    codec = families.family(family)
    for line in records[:2]:
        native, _ = codec.unwrap(line)
        yield codec.record(read_json(native), native, workload).cost
