"""MetaSchedule with its TVM at hand: TVM 0.25 to 0.27, and what TVM 0.16 has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.reading import Lookup
from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.live.at_hand import live_target
from tvmgitlib.live.common import HowToMeasure, LiveFamily, LiveSpace, Native, Remeasured, Suggesting
from tvmgitlib.live.metaschedule import apply, extracting, hooks, remeasure
from tvmgitlib.live.metaschedule.space import TaskSpace
from tvmgitlib.live.metaschedule.tvm import (
    flops_of,
    has_meta_schedule,
    meta_schedule,
    normalize,
    signature_of,
    tuning_record,
    unsearchable,
    why_no_module,
    workload_text,
)
from tvmgitlib.model import FamilyName, GivenTarget, TargetError, TuningRecord, TvmError, Workload, parse_target


class MetaSchedule:
    """See `LiveFamily`."""

    name: FamilyName = "metaschedule"

    def available(self) -> bool:
        return has_meta_schedule()

    def handles(self, task: Any) -> bool:
        return any(
            base.__module__.startswith("tvm.") and base.__name__ in _FUNCTIONS | _TASKS for base in type(task).__mro__
        )

    def identify(self, task: Any, target: GivenTarget | None) -> tuple[GivenTarget, Workload]:
        if type(task).__name__ in _FUNCTIONS:
            given, mod = target, normalize(task)
        else:
            given = parse_target(task.target) if task.target is not None else target
            mod = _module(task)
        if given is None:
            raise TargetError(
                "a function does not say its target", hint="Give the target to the job, or a TuneContext."
            )
        return given, Workload(self.name, workload_text(mod))

    def signature(self, task: Any) -> str | None:
        return signature_of(_module(task))

    def layer(self, task: Any) -> None:
        return None

    def unsearchable(self, task: Any) -> str | None:
        return unsearchable(_module(task))

    def flops(self, task: Any) -> float | None:
        return flops_of(_module(task))

    def history(self, task: Any, records: Iterable[TuningRecord]) -> list[Any]:
        """Tuning records of the task, those that this TVM can read: `as_measure_candidate` is for cost models."""
        workload = meta_schedule().database.Workload(_module(task))
        return [tuning_record(record.native, workload) for record in records]

    def loaded(self, records: Iterable[Native]) -> list[tuple[Any, Any]]:
        raise TvmError(
            "MetaSchedule has no ApplyHistoryBest",
            hint="with library: answers its lookups, and library.export writes a database.",
        )

    def space(self, task: Any, target: GivenTarget, known: Evidence) -> LiveSpace:
        return TaskSpace(_module(task), _target(task) or live_target(target.text), known)

    def callback(self, journal: Callable[[], Journal]) -> Any:
        """A measure callback, in the place of TVM's `AddToDatabase`: it also keeps why trials failed."""
        return hooks.measure_callback()(journal)

    def database(self, journal: Journal) -> Any:
        """A job's database for `ms.tune_tir(..., database=...)` and the like."""
        return hooks.job_database()(journal)

    def measure_option(self, journal: Journal, option: Any) -> Any:
        raise TvmError(
            "MetaSchedule has no measure option",
            hint="job.tune_tir, job.tune_relax and job.tune_tasks take builder= and runner= as TVM's own calls do, and "
            "measure no schedule again.",
        )

    def extract(self, module: Any, params: Mapping[str, Any], target: Any) -> Any:
        return extracting.extract(module, params, target)

    def why_no_module(self, module: str) -> str | None:
        return why_no_module(module)

    def task_of(self, record: TuningRecord) -> Any:
        return remeasure.task_of(record)

    def remeasure(
        self, journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure
    ) -> Iterator[Remeasured]:
        return remeasure.remeasure(journal, _module(task), _target(task), records, how)

    def measure_untuned(self, journal: Journal, task: Any, how: HowToMeasure) -> tuple[float, ...]:
        return remeasure.measure_untuned(journal, _module(task), _target(task), how)

    def applying(self, lookup: Lookup, suggesting: Suggesting) -> AbstractContextManager[None]:
        return apply.applying(lookup, suggesting)


FAMILY: LiveFamily = MetaSchedule()

_FUNCTIONS = frozenset(("IRModule", "PrimFunc"))
_TASKS = frozenset(("TuneContext", "ExtractedTask"))


def _module(task: Any) -> Any:
    """The module that TVM's database will name for a task."""
    if type(task).__name__ in _FUNCTIONS:
        return normalize(task)
    return task.dispatched[0] if type(task).__name__ == "ExtractedTask" else task.mod


def _target(task: Any) -> Any:
    """The target that a task says itself; None for a function."""
    return None if type(task).__name__ in _FUNCTIONS else task.target
