"""MetaSchedule with its TVM at hand: TVM 0.25 to 0.27, and what TVM 0.16 has of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from tvmgitlib.errors import TargetError, TvmError
from tvmgitlib.live.metaschedule import apply as metaschedule_apply
from tvmgitlib.live.metaschedule import hooks as metaschedule_hooks
from tvmgitlib.live.metaschedule.tvm import (
    has_meta_schedule,
    meta_schedule,
    normalize,
    signature_of,
    tuning_record,
    workload_text,
)
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.workload import FamilyName, Workload

if TYPE_CHECKING:
    from tvmgitlib.library.reading.lookup import Lookup
    from tvmgitlib.live.base import LiveFamily, Remeasured
    from tvmgitlib.live.job import Job


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

    def history(self, task: Any, records: Iterable[TuningRecord]) -> list[Any]:
        """Tuning records of the task, those that this TVM can read: `as_measure_candidate` is for cost models."""
        workload = meta_schedule().database.Workload(_module(task))
        return [tuning_record(record.native, workload) for record in records]

    def callback(self, job: Job) -> Any:
        """A measure callback, in the place of TVM's `AddToDatabase`: it also keeps why trials failed."""
        return metaschedule_hooks.measure_callback()(job)

    def measure_option(self, job: Job, option: Any) -> Any:
        raise TvmError(
            "MetaSchedule has no measure option",
            hint="job.tune_tir, job.tune_relax and job.tune_tasks take builder= and runner= as TVM's own calls do, and "
            "measure no schedule again.",
        )

    def task_of(self, record: TuningRecord) -> Any:
        from tvmgitlib.live.metaschedule import remeasure as metaschedule_remeasure

        return metaschedule_remeasure.task_of(record)

    def remeasure(
        self, job: Job, task: Any, records: Sequence[TuningRecord], told: Mapping[str, Any]
    ) -> Iterator[Remeasured]:
        from tvmgitlib.live.metaschedule import remeasure as metaschedule_remeasure

        return metaschedule_remeasure.remeasure(job, _module(task), _target(task), records, told)

    def measure_untuned(self, job: Job, task: Any, told: Mapping[str, Any]) -> tuple[float, ...]:
        from tvmgitlib.live.metaschedule import remeasure as metaschedule_remeasure

        return metaschedule_remeasure.measure_untuned(job, _module(task), _target(task), told)

    def applying(self, lookup: Lookup) -> AbstractContextManager[None]:
        return metaschedule_apply.applying(lookup)


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


def job_database(job: Job) -> Any:
    """A job's database for `ms.tune_tir(..., database=...)` and the like."""
    return metaschedule_hooks.job_database()(job)
