"""Which of a task's trials its history keeps: the best ones, and others that stand at even ranks of cost.

The ranks are those of a sample of configs, so that a log of any length is read in bounded memory: the configs with the
smallest digests, which no order of the lines changes. Up to `SAMPLE` configs it is all of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Final

from tvmgitlib.model import SEGMENT_RECORDS, TuningRecord, outcome_code

#: How many trials a history has at most, the best ones among them.
TRIALS: Final = 64
#: Of how many configs, beside the best ones, the others are chosen.
SAMPLE: Final = 128


class TrialSample:
    """A sample of the configs of one task as its log goes by, each with its best trial."""

    def __init__(self) -> None:
        self._kept: dict[bytes, TuningRecord] = {}
        self._names: list[tuple[int, bytes]] = []  # a heap: the largest digest first
        self._limit: bytes | None = None

    def extend(self, records: Iterable[TuningRecord]) -> None:
        limit = self._limit
        for record in records if limit is None else [record for record in records if record.config <= limit]:
            self._add(record)

    def _add(self, record: TuningRecord) -> None:
        config = record.config
        known = self._kept.get(config)
        if known is not None:
            if _order(record) < _order(known):
                self._kept[config] = record
            return
        self._kept[config] = record
        heapq.heappush(self._names, (-int.from_bytes(config, "big"), config))
        if len(self._kept) > SAMPLE:
            del self._kept[heapq.heappop(self._names)[1]]
        if len(self._kept) == SAMPLE:
            self._limit = self._names[0][1]

    def chosen(self, best: Iterable[TuningRecord]) -> list[TuningRecord]:
        """The trials to keep, fastest first, then failures.

        Args:
            best: the best records of the task, one a config, best first; as many as there are, or 8 and more.
        """
        first = list(best)[:SEGMENT_RECORDS]
        taken = {record.config for record in first}
        others = sorted((record for record in self._kept.values() if record.config not in taken), key=_order)
        return sorted([*first, *at_even_ranks(others, TRIALS - len(first))], key=_order)


def at_even_ranks(ranked: Sequence[TuningRecord], count: int) -> list[TuningRecord]:
    """That many of them at even distances, the first and the last included; all where there are no more."""
    if len(ranked) <= count:
        return list(ranked)
    return [ranked[at * (len(ranked) - 1) // (count - 1)] for at in range(count)]


def _order(record: TuningRecord) -> tuple[float, int, bytes, str]:
    """Successes by cost, then failures by kind; the rest only makes the order total."""
    return (record.cost, outcome_code(record.error), record.config, record.hash)
