"""A warm start: snapped traces of other workloads are a task's first trials, and the cost model knows of those."""

from __future__ import annotations

import json
import logging
import math
from typing import Any, Final

from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.common import TaskSuggester
from tvmgitlib.live.metaschedule.tvm import meta_schedule, tuning_record, why_no_module
from tvmgitlib.model import Config, TuningRecord, Workload
from tvmgitlib.rules.suggesting import MOST, ROUND

_log = logging.getLogger("tvmgitlib")

#: The cost model is told of so many other workloads: each costs a training, and it begins to predict at 100 samples.
_TAUGHT: Final = 8


class WarmStart:
    """Proposes what is suggested, until that is enough.

    Args:
        suggester: suggests schedules of the task.
        context: the task.
    """

    def __init__(self, suggester: TaskSuggester, context: Any) -> None:
        self._suggester = suggester
        self._context = context
        self._left = MOST
        self._proposed: list[tuple[Any, Config]] = []
        self._known: list[tuple[Config, float | None]] = []

    def next(self) -> list[Any]:
        """The candidates to measure next; none where it is the search's turn."""
        if self._left <= 0:
            return []
        ms = meta_schedule()
        arguments = ms.arg_info.ArgInfo.from_entry_func(self._context.mod, True)
        suggested = self._suggester.next(min(ROUND, self._left), self._known)
        self._left = self._left - len(suggested) if suggested else 0
        candidates = []
        for suggestion in suggested:
            schedule = self._suggester.space.native(suggestion.config)
            candidates.append(ms.MeasureCandidate(schedule, arguments))
            self._proposed.append((schedule, suggestion.config))
            self._known.append((suggestion.config, None))
        return candidates

    def learn(self, candidate: Any, result: Any) -> None:
        """Take in what came of a candidate."""
        config = next((config for schedule, config in self._proposed if schedule.same_as(candidate.sch)), None)
        if config is None:
            return
        seconds = [float(each) for each in result.run_secs or ()] if result.error_msg is None else []
        cost = math.fsum(seconds) / len(seconds) if seconds else None
        self._known = [(other, cost if other is config else known) for other, known in self._known]

    def teach(self, cost_model: Any) -> None:
        """Let a cost model know the best records of other workloads, each as a task of its own.

        With `update`: what a model has loaded, TVM forgets at its next `update` (apache/tvm#9859).
        """
        for workload, records in self._suggester.records[:_TAUGHT]:
            try:
                self._teach(cost_model, workload, records)
            except Exception as error:  # whatever TVM raises: another TVM's module or trace
                _log.debug("records of %s teach nothing: %s", workload.label, last_line(error))

    def _teach(self, cost_model: Any, workload: Workload, records: list[TuningRecord]) -> None:
        ms = meta_schedule()
        if workload.module is None or why_no_module(workload.module) is not None:
            return
        stored = ms.database.Workload.from_json(json.loads(workload.module))
        known = [tuning_record(record.native, stored) for record in records if record.error is None]
        candidates = [record.as_measure_candidate() for record in known]
        context = ms.TuneContext(mod=stored.mod, target=self._context.target)
        cost_model.update(context, candidates, [ms.runner.RunnerResult(record.run_secs, None) for record in known])
