"""A warm start: suggestions are tried before and between the choices of an AutoTVM tuner, which stay as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tvmgitlib.families.autotvm import FAILED
from tvmgitlib.live.autotvm.records import config_of
from tvmgitlib.live.autotvm.space import TaskSpace
from tvmgitlib.live.common import TaskSuggester
from tvmgitlib.model import Config, TuningRecord
from tvmgitlib.rules.suggesting import Allowance


class WarmStart:
    """Proposes what is suggested, as a tuner proposes its own choices.

    The tuner is not told what came of suggestions: it goes the way that it goes without them, and finds all that it
    finds then, at most some trials later. What it comes to choose of them costs no second trial.

    Args:
        task: the tuner's.
        suggester: suggests configs of it.
        known: what is on record of the task.
        spent: how many trials the job has made of it before an interruption.
    """

    def __init__(self, task: Any, suggester: TaskSuggester, known: Sequence[TuningRecord], spent: int) -> None:
        self._suggester = suggester
        self._space = TaskSpace(task)
        self._known = {record.config for record in known}
        self._allowance = Allowance(spent)
        self._tried: dict[bytes, tuple[Config, float | None]] = {}
        self._queue: list[Any] = []
        self._pending: set[bytes] = set()

    def next_batch(self, size: int) -> list[Any]:
        """The configs to try next; none where it is the tuner's turn."""
        if not self._queue and (count := self._allowance.next()) > 0:
            self._fill(count)
        batch, self._queue = self._queue[:size], self._queue[size:]
        self._pending = {config_of(config) for config in batch}
        return batch

    def _fill(self, count: int) -> None:
        suggested = self._suggester.next(count + len(self._known), list(self._tried.values()))
        configs = [self._space.native(suggestion.config) for suggestion in suggested]
        self._queue = [config for config in configs if config_of(config) not in self._known][:count]
        self._allowance.suggest(map(config_of, self._queue))

    def takes(self, inputs: Sequence[Any], results: Sequence[Any]) -> bool:
        """Learn what came of a batch, and say whether it was of suggestions: then the tuner is not to see it."""
        for measured, result in zip(inputs, results, strict=True):
            self._tried[config_of(measured.config)] = (self._space.of(measured.config), _cost(result))
        if self._pending:
            return True
        self._allowance.choose(config_of(measured.config) for measured in inputs)
        return False


def _cost(result: Any) -> float | None:
    """The mean run time of a trial; None for a failure, and for one that can be none."""
    import numpy as np

    seconds = float(np.mean(result.costs)) if result.error_no == 0 else 0.0
    return seconds if 0 < seconds < FAILED else None
