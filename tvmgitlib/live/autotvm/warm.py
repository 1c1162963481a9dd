"""A warm start: suggestions are the first trials of an AutoTVM tuner, which learns from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tvmgitlib.live.autotvm.records import config_of
from tvmgitlib.live.autotvm.space import TaskSpace
from tvmgitlib.live.suggesting import MOST, ROUND, TaskSuggester
from tvmgitlib.model import Config, TuningRecord


class WarmStart:
    """Proposes what is suggested, as a tuner proposes its own choices, until that is enough.

    Args:
        tuner: the tuner, which learns from it.
        suggester: suggests configs of its task.
        known: what is on record of the task.
    """

    def __init__(self, tuner: Any, suggester: TaskSuggester, known: Sequence[TuningRecord]) -> None:
        self._tuner = tuner
        self._suggester = suggester
        self._space = TaskSpace(tuner.task)
        self._known = {record.config for record in known}
        self._tried: list[tuple[Config, float | None]] = []
        self._queue: list[Any] = []
        self._pending: set[bytes] = set()
        self._left = MOST

    def next_batch(self, size: int) -> list[Any]:
        """The configs to try next; none where it is the tuner's turn."""
        if not self._queue and self._left > 0:
            self._fill()
        batch, self._queue = self._queue[:size], self._queue[size:]
        self._pending = {config_of(config) for config in batch}
        return batch

    def _fill(self) -> None:
        suggested = self._suggester.next(min(ROUND, self._left) + len(self._known), self._tried)
        configs = [self._space.native(suggestion.config) for suggestion in suggested]
        self._queue = [config for config in configs if config_of(config) not in self._known][: min(ROUND, self._left)]
        self._left = self._left - len(self._queue) if self._queue else 0

    def takes(self, inputs: Sequence[Any], results: Sequence[Any]) -> bool:
        """Learn what came of a batch of suggestions, and say whether the tuner's own `update` is not to see it."""
        if not self._pending:
            return False
        from tvm.autotvm.tuner import GATuner

        for measured, result in zip(inputs, results, strict=True):
            cost = math.fsum(map(float, result.costs)) / len(result.costs) if result.error_no == 0 else None
            self._tried.append((self._space.of(measured.config), cost))
        self._pending = set()
        if isinstance(self._tuner, GATuner):  # which takes every result for that of the next of its own genes
            self._breed(inputs, results)
            return True
        return False

    def _breed(self, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        """Let a genetic tuner's next generation descend from what worked."""
        tuner = self._tuner
        for measured, result in zip(inputs, results, strict=True):
            tuner.visited.add(measured.config.index)
            if result.error_no == 0:
                tuner.elites.append(tuner.space.point2knob(measured.config.index))
                tuner.elite_scores.append(measured.task.flop * len(result.costs) / math.fsum(map(float, result.costs)))
