"""AutoTVM with its TVM at hand: what a task is called, its log, its transfer learning and its lookups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import orjson

from tvmgitlib.errors import TargetError
from tvmgitlib.families import family
from tvmgitlib.families.values import config_digest
from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.workload import FamilyName, Workload

if TYPE_CHECKING:
    from tvmgitlib.library.reading.lookup import Lookup
    from tvmgitlib.library.reading.results import BestConfig
    from tvmgitlib.live.base import LiveFamily, Remeasured
    from tvmgitlib.live.config_library import ConfigLibrary
    from tvmgitlib.live.job import Job

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
        from tvm.autotvm.record import encode
        from tvm.autotvm.task.space import ConfigEntity

        tuned_for = task.target if task.target is not None or target is None else target.text
        if tuned_for is None:
            raise TargetError(
                f"the task {task.name} has no target (one that was read from a log has none)",
                hint="Create it with a target, or start the job with one.",
            )
        line = encode(MeasureInput(tuned_for, task, ConfigEntity(0, None, {}, [])), MeasureResult((1.0,), 0, 0.0, 0.0))
        record = family(self.name).record(orjson.loads(line), line.encode())
        return record.target, record.workload

    def signature(self, task: Any) -> None:
        return None

    def history(self, task: Any, records: Iterable[TuningRecord]) -> list[tuple[Any, Any]]:
        return pairs(records)

    def callback(self, job: Job) -> Any:
        return _LogToJob(lambda: job)

    def measure_option(self, job: Job, option: Any) -> Any:
        from tvmgitlib.live.autotvm import tuning as autotvm_tuning

        return autotvm_tuning.measure_option(job, option)

    def task_of(self, record: TuningRecord) -> Any:
        from tvmgitlib.live.autotvm import remeasure as autotvm_remeasure

        return autotvm_remeasure.task_of(record)

    def remeasure(
        self, job: Job, task: Any, records: Sequence[TuningRecord], told: Mapping[str, Any]
    ) -> Iterator[Remeasured]:
        from tvmgitlib.live.autotvm import remeasure as autotvm_remeasure

        return autotvm_remeasure.remeasure(job, task, records, told)

    def measure_untuned(self, job: Job, task: Any, told: Mapping[str, Any]) -> tuple[float, ...]:
        from tvmgitlib.live.autotvm import remeasure as autotvm_remeasure

        return autotvm_remeasure.measure_untuned(job, task, told)

    def applying(self, lookup: Lookup) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = _context()(lookup)
        return context


FAMILY: LiveFamily = AutoTvm()


def pairs(records: Iterable[TuningRecord | BestConfig]) -> list[tuple[Any, Any]]:
    """Records as AutoTVM's pairs of `MeasureInput` and `MeasureResult`."""
    from tvm.autotvm.record import decode

    return [decode(record.native.decode()) for record in records]


def config_of(config: Any) -> bytes:
    """What names a config: two that generate the same code have one name, as `TuningRecord.config`."""
    return config_digest(config.to_json_dict()["entity"])


@cache
def answer_type() -> Any:
    """The class of results that are on record already: they are neither logged nor counted."""
    from tvm.autotvm.measure import MeasureResult

    class Answer(MeasureResult):  # type: ignore[misc]  # TVM is not typed
        """A result that was not measured now."""

    return Answer


class _LogToJob:
    """What a tuner calls after each batch: everything measured is on the disk when it returns."""

    def __init__(self, job: Callable[[], Job]) -> None:
        self._job = job
        self._configs: dict[tuple[str, str, str, str], set[bytes]] = {}

    def __call__(self, tuner: Any, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        from tvm.autotvm.record import encode

        job = self._job()
        place = job.place(tuner.task)
        key = (job.id, *place.identity)
        if key not in self._configs:
            self._configs[key] = {record.config for record in job.on_record(tuner.task)}
        answered = answer_type()
        measured = [pair for pair in zip(inputs, results, strict=True) if not isinstance(pair[1], answered)]
        if measured:
            job.append(encode(*pair) for pair in measured)
        self._configs[key].update(config_of(measure_input.config) for measure_input in inputs)
        if len(self._configs[key]) >= len(tuner.space):
            job.mark_exhausted(tuner.task)


def log_to_library(library: ConfigLibrary) -> Any:
    """AutoTVM's callback that logs into the live job of a library, as `autotvm.callback.log_to_file` does into a file.

    Everything measured is on the disk when it returns. It raises `JobError` when no live job is open.
    """
    return _LogToJob(library.live_job)


@cache
def _database() -> Any:
    """The class of views of a job as AutoTVM's database."""
    from tvm.autotvm.database import Database
    from tvm.autotvm.record import encode

    class JobDatabase(Database):  # type: ignore[misc]  # TVM is not typed
        """What a job has measured, and what holds of the library, by config. Nothing saved is ever overwritten."""

        def __init__(self, job: Job) -> None:
            self._job = job
            self._results: dict[tuple[str, Any], dict[bytes, list[Any]]] = {}

        def load(self, inp: Any, get_all: bool = False) -> Any:
            """The latest result of a config, or all of them; None when there is none."""
            results = self._of(inp).get(config_of(inp.config))
            if results is None or get_all:
                return results
            return max(results, key=lambda result: result.timestamp)

        def save(self, inp: Any, res: Any, extend: bool = False) -> None:
            """Log a result: it is on the disk when this returns. `extend` makes no difference."""
            results = self._of(inp).setdefault(config_of(inp.config), [])
            self._job.append([encode(inp, res)])
            results.append(res)

        def _of(self, inp: Any) -> dict[bytes, list[Any]]:
            key = (str(inp.target), inp.task.workload)
            if key not in self._results:
                results = self._results[key] = {}
                records = self._job.on_record(inp.task)
                for record, (_, result) in zip(records, pairs(records), strict=True):
                    results.setdefault(record.config, []).append(result)
            return self._results[key]

    return JobDatabase


def job_database(job: Job) -> Any:
    """A view of a job as an `autotvm.database.Database`, for `log_to_database` and `filter_inputs`."""
    return _database()(job)


@cache
def _context() -> Any:
    """The class of dispatch contexts."""
    from tvm.autotvm.task.dispatcher import DispatchContext

    class ApplyLibrary(DispatchContext):  # type: ignore[misc]  # TVM is not typed
        """Answers from a library, by target and platform; what it does not know the outer context is asked for."""

        def __init__(self, lookup: Lookup) -> None:
            super().__init__()
            self._lookup = lookup
            self._configs: dict[tuple[str, Any], Any] = {}

        def _query_inside(self, target: Any, workload: Any) -> Any:
            if target is None:
                return None
            key = (str(target), workload)
            if key not in self._configs:
                self._configs[key] = self._find(target, workload)
            return self._configs[key]

        def _find(self, target: Any, workload: Any) -> Any:
            name, *args = workload
            try:
                text = canonical_json([name, args])
            except TypeError:  # a shape that is not known yet: AutoTVM has no record of such
                return None
            stored = self._lookup.find("autotvm", parse_target(target), Workload("autotvm", text))
            return pairs([stored.record])[0][0].config if stored else None

        def update(self, target: Any, workload: Any, cfg: Any) -> None:
            """Keep what AlterOpLayout says of the workload that it has put in the place of another."""
            self._configs[str(target), workload] = cfg

    return ApplyLibrary
