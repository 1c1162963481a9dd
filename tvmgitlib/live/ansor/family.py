"""Ansor with its TVM at hand: durable logging, resuming, and the library's states in a build.

hhb-tvm 3.2.3 cannot rewrite the layouts of `dense` and `matmul`: of a task that Relay extracted for one of them, every
trial fails ("instantiation"). Such a task tunes as
`SearchTask(workload_key=task.workload_key, target=task.target, layout_rewrite_option=LayoutRewriteOption.NO_REWRITE)`.
"""

from __future__ import annotations

import atexit
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tvmgitlib.errors import TvmError
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.workload import FamilyName, Workload

if TYPE_CHECKING:
    from tvmgitlib.library.reading.lookup import Lookup
    from tvmgitlib.live.base import LiveFamily, Remeasured
    from tvmgitlib.live.job import Job

_log = logging.getLogger("tvmgitlib")


class Ansor:
    """See `LiveFamily`."""

    name: FamilyName = "ansor"

    def available(self) -> bool:
        return find_spec("tvm.auto_scheduler") is not None

    def handles(self, task: Any) -> bool:
        return any((base.__module__, base.__name__) == _TASK for base in type(task).__mro__)

    def identify(self, task: Any, target: GivenTarget | None) -> tuple[GivenTarget, Workload]:
        return parse_target(str(task.target)), Workload("ansor", str(task.workload_key))

    def signature(self, task: Any) -> None:
        return None

    def history(self, task: Any, records: Iterable[TuningRecord]) -> str:
        """The path of a log of the records, which is gone when this process ends."""
        return _temporary_log(records)

    def callback(self, job: Job) -> Any:
        return _recorder()(job)

    def measure_option(self, job: Job, option: Any) -> Any:
        raise TvmError(
            "auto_scheduler has no measure option",
            hint="job.tune_ansor(task, trials) measures no config again; with a search policy of your own, give it "
            "init_search_callbacks=[PreloadMeasuredStates(job.history(task))] and log with job.callback('ansor').",
        )

    def task_of(self, record: TuningRecord) -> Any:
        from tvmgitlib.live.ansor import remeasure as ansor_remeasure

        return ansor_remeasure.task_of(record)

    def remeasure(
        self, job: Job, task: Any, records: Sequence[TuningRecord], told: Mapping[str, Any]
    ) -> Iterator[Remeasured]:
        from tvmgitlib.live.ansor import remeasure as ansor_remeasure

        return ansor_remeasure.remeasure(job, task, records, told)

    def measure_untuned(self, job: Job, task: Any, told: Mapping[str, Any]) -> tuple[float, ...]:
        from tvmgitlib.live.ansor import remeasure as ansor_remeasure

        return ansor_remeasure.measure_untuned(job, task, told)

    def applying(self, lookup: Lookup) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = _context()(lookup)
        return context


FAMILY: LiveFamily = Ansor()

_TASK = ("tvm.auto_scheduler.search_task", "SearchTask")


def tune(
    job: Job,
    task: Any,
    trials: int,
    *,
    builder: Any = "local",
    runner: Any = "local",
    cost_model: Any = None,
    params: dict[str, Any] | None = None,
    seed: int | None = None,
    measures_per_round: int = 64,
    early_stopping: int | None = None,
    callbacks: Sequence[Any] = (),
    verbose: int = 1,
) -> bool:
    """Tune a task with `SketchPolicy` until as many trials are on record; see `Job.tune_ansor`."""
    from tvm import auto_scheduler
    from tvm.auto_scheduler.measure import ProgramMeasurer

    if job.is_tuned(task, trials):
        _log.info("%s is tuned: enough is on record", task.desc or task.workload_key)
        return False
    effort = job.effort(task)
    left = trials - (effort.trials if effort else 0)
    measured = _temporary_log(job.answers(task))
    if cost_model is None:
        cost_model = auto_scheduler.XGBModel(seed=seed)
        cost_model.update_from_file(job.history(task))
    policy = auto_scheduler.SketchPolicy(
        task,
        cost_model,
        params=dict(params or {}),  # TVM adds its defaults to what it is given
        seed=seed,
        verbose=verbose,
        init_search_callbacks=[auto_scheduler.PreloadMeasuredStates(measured)],
    )
    before = len(job.measured(task))
    options = auto_scheduler.TuningOptions(
        num_measure_trials=left,
        early_stopping=early_stopping,
        num_measures_per_round=measures_per_round,
        verbose=verbose,
        builder=builder,
        runner=runner,
        measure_callbacks=[job.callback("ansor"), *callbacks],
    )
    if left == 1:  # which TVM takes for: measure nothing, give the model's best guess
        measurer = ProgramMeasurer(options.builder, options.runner, options.measure_callbacks, verbose)
        policy.continue_search_one_round(1, measurer)
    else:
        task.tune(options, policy)
    made = len(job.measured(task)) - before
    if made == 0:  # a run that only ends early is no proof: TVM gives up when two rounds found nothing new
        job.mark_exhausted(task)
    return made > 0


@cache
def _folder() -> Path:
    """Where this process puts its temporary logs."""
    folder = tempfile.TemporaryDirectory(prefix="tvmgitlib-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _temporary_log(records: Iterable[TuningRecord]) -> str:
    """The path of a new log of the records, each line once."""
    with tempfile.NamedTemporaryFile("wb", suffix=".json", dir=_folder(), delete=False) as file:
        file.writelines(native + b"\n" for native in dict.fromkeys(record.native for record in records))
    return file.name


@cache
def _recorder() -> Callable[[Job], Any]:
    """The class of measure callbacks."""
    from tvm.auto_scheduler.measure import PythonBasedMeasureCallback
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    class RecordToJob(PythonBasedMeasureCallback):  # type: ignore[misc]  # TVM is not typed
        """Logs as `RecordToFile` does, and is on the disk when it returns."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self._job = job

        def callback(self, policy: Any, inputs: Any, results: Any) -> None:
            lines = (dump_record_to_string(*pair).rstrip("\n") for pair in zip(inputs, results, strict=True))
            self._job.append(lines)

    return RecordToJob


@cache
def _context() -> Callable[[Lookup], Any]:
    """The class of dispatch contexts."""
    from tvm.auto_scheduler import LayoutRewriteOption
    from tvm.auto_scheduler.dispatcher import DispatchContext
    from tvm.auto_scheduler.measure_record import load_record_from_string
    from tvm.auto_scheduler.relay_integration import TracingEnvironment, TracingMode

    class ApplyLibrary(DispatchContext):  # type: ignore[misc]  # TVM is not typed
        """Answers from a library, by target and platform; what it does not know the outer context is asked for."""

        def __init__(self, lookup: Lookup) -> None:
            super().__init__()
            self._lookup = lookup
            self._updates: dict[tuple[str, str], Any] = {}

        @property
        def verbose(self) -> int:
            """Of the outermost context, which warns of untuned tasks; `extract_tasks` silences it."""
            verbose: int = getattr(self._old_ctx, "verbose", 0)
            return verbose

        @verbose.setter
        def verbose(self, verbose: int) -> None:
            self._old_ctx.verbose = verbose

        def query(self, target: Any, workload_key: Any, has_complex_op: bool, dag: Any, func_name: str) -> Any:
            key = (str(target), str(workload_key))
            if key in self._updates:
                return self._updates[key]
            found = self._find(target, str(workload_key), has_complex_op)
            if found is None:
                return self._old_ctx.query(target, workload_key, has_complex_op, dag, func_name)
            return None if _rewriting_layouts() and not _tuned_with_rewrite(found) else found.state

        def _find(self, target: Any, workload_key: str, tunable: bool) -> Any:
            """The measured input of the library's best record."""
            if target is None:
                return None
            workload = Workload("ansor", workload_key)
            stored = self._lookup.find("ansor", parse_target(target), workload, tunable=tunable)
            return load_record_from_string(stored.record.native.decode())[0] if stored else None

        def update(self, target: Any, workload_key: Any, state: Any) -> None:
            """Keep the state of a task that AutoSchedulerLayoutRewrite has made: its new key is asked for later."""
            self._updates[str(target), str(workload_key)] = state

    def _rewriting_layouts() -> bool:
        tracing = TracingEnvironment.current
        return tracing is not None and tracing.tracing_mode == TracingMode.PREPARE_LAYOUT_REWRITE

    def _tuned_with_rewrite(found: Any) -> bool:
        """Whether a state was measured with its layouts rewritten; another one keeps those it was measured with."""
        option: bool = found.task.layout_rewrite_option == LayoutRewriteOption.REWRITE_FOR_PRE_TRANSFORMED
        return option

    return ApplyLibrary
