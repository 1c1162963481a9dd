"""AutoTVM with its TVM at hand: what a task is called, and what its tuners are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

import orjson

from tvmgitlib.families import family
from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.reading import Lookup
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.at_hand import without_tophub
from tvmgitlib.live.autotvm import remeasure, tuning
from tvmgitlib.live.autotvm.dispatch import library_context
from tvmgitlib.live.autotvm.recording import LogToJob, job_database
from tvmgitlib.live.autotvm.records import line_of, pairs
from tvmgitlib.live.autotvm.space import TaskSpace
from tvmgitlib.live.common import HowToMeasure, LiveFamily, LiveSpace, Native, Remeasured, Suggesting, why_unreadable
from tvmgitlib.model import FamilyName, GivenTarget, TargetError, TuningRecord, Workload

_TASK = ("tvm.autotvm.task.task", "Task")


class AutoTvm:
    """See `LiveFamily`."""

    name: FamilyName = "autotvm"

    def available(self) -> bool:
        return find_spec("tvm.autotvm") is not None

    def handles(self, task: Any) -> bool:
        return any((base.__module__, base.__name__) == _TASK for base in type(task).__mro__)

    def identify(self, task: Any, target: GivenTarget | None) -> tuple[GivenTarget, Workload]:
        from tvm.autotvm.measure import MeasureInput, MeasureResult
        from tvm.autotvm.task.space import ConfigEntity

        tuned_for = task.target if task.target is not None or target is None else target.text
        if tuned_for is None:
            raise TargetError(
                f"the task {task.name} has no target (one that was read from a log has none)",
                hint="Create it with a target, or start the job with one.",
            )
        line = line_of(MeasureInput(tuned_for, task, ConfigEntity(0, None, {}, [])), MeasureResult((1.0,), 0, 0.0, 0.0))
        record = family(self.name).record(orjson.loads(line), line.encode())
        return record.target, record.workload

    def signature(self, task: Any) -> None:
        return None

    def layer(self, task: Any) -> str:
        """Its arguments: Relay makes a task of each template that an operator has (`topi.x86` has two for dense)."""
        return repr(task.args)

    def unsearchable(self, task: Any) -> None:
        return None  # what it extracts, it can tune

    def flops(self, task: Any) -> float | None:
        return float(task.flop) if task.flop else None

    def history(self, task: Any, records: Iterable[TuningRecord]) -> list[tuple[Any, Any]]:
        return pairs(record for record in records if why_unreadable(record.target) is None)

    def loaded(self, records: Iterable[Native]) -> list[tuple[Any, Any]]:
        return pairs(records)

    def space(self, task: Any, target: GivenTarget, known: Evidence) -> LiveSpace:
        return TaskSpace(task)

    def callback(self, journal: Callable[[], Journal]) -> Any:
        return LogToJob(journal)

    def database(self, journal: Journal) -> Any:
        """A view of the job as an `autotvm.database.Database`, for `log_to_database` and `filter_inputs`."""
        return job_database()(journal)

    def measure_option(self, journal: Journal, option: Any) -> Any:
        return tuning.measure_option(journal, option)

    def extract(self, module: Any, params: Mapping[str, Any], target: Any) -> Any:
        from tvm import autotvm

        with without_tophub():
            return autotvm.task.extract_from_program(module, params=params, target=target)

    def why_no_module(self, module: str) -> str | None:
        return None

    def task_of(self, record: TuningRecord) -> Any:
        return remeasure.task_of(record)

    def remeasure(
        self, journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure
    ) -> Iterator[Remeasured]:
        return remeasure.remeasure(journal, task, records, how)

    def measure_untuned(self, journal: Journal, task: Any, how: HowToMeasure) -> tuple[float, ...]:
        return remeasure.measure_untuned(task, how)

    def applying(self, lookup: Lookup, suggesting: Suggesting) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = library_context()(lookup, suggesting)
        return context


FAMILY: LiveFamily = AutoTvm()
