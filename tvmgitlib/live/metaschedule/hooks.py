"""What TVM calls while it tunes: search strategy, builder, runner, measure callback and database of a job."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from tvmgitlib.families.metaschedule import FAILED
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.common import note_caller
from tvmgitlib.live.metaschedule.database import Measured, database_of, failure_of, log_trials
from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule
from tvmgitlib.model import parse_target

if TYPE_CHECKING:
    from tvmgitlib.live.metaschedule.measure import Measuring

#: For a search that is ended from outside.
_NO_LIMIT = 1 << 30


@cache
def search_strategy() -> Any:
    """The class of search strategies that propose only what is new, until enough is on record."""

    class ProposeNew(meta_schedule().search_strategy.PySearchStrategy):  # type: ignore[misc]  # TVM is not typed
        def __init__(self, measuring: Measuring, inner: Any) -> None:
            super().__init__()
            self._measuring = measuring
            self._inner = inner
            self._task: Any = None
            self._trials = 0

        def _initialize_with_tune_context(self, context: Any) -> None:
            with self._measuring.inside():  # the context itself is not kept: it owns this
                self._task = self._measuring.task(context.mod, context.target)
            self._inner._initialize_with_tune_context(context)

        def pre_tuning(
            self, max_trials: int, per_batch: int, spaces: Any, database: Any = None, cost_model: Any = None
        ) -> None:
            self._trials = int(max_trials)
            with self._measuring.inside():
                self._measuring.teach(self._task, cost_model)
            self._inner.pre_tuning(_NO_LIMIT, per_batch, spaces, database, cost_model)

        def post_tuning(self) -> None:
            self._inner.post_tuning()

        def generate_measure_candidates(self) -> Any:
            with self._measuring.inside():
                return self._measuring.propose(self._task, self._trials, self._inner.generate_measure_candidates)

        def notify_runner_results(self, candidates: Any, results: Any) -> None:
            with self._measuring.inside():
                self._measuring.returned(self._task, results)
            self._inner.notify_runner_results(candidates, results)

        def clone(self) -> Any:
            return search_strategy()(self._measuring, self._inner.clone())

    return derived_object(ProposeNew)


@cache
def builder() -> Any:
    """The class of builders that say what could not be built."""

    class Building(meta_schedule().builder.PyBuilder):  # type: ignore[misc]
        def __init__(self, measuring: Measuring, inner: Any) -> None:
            super().__init__()
            self._measuring = measuring
            self._inner = inner

        def build(self, inputs: Any) -> Any:
            with self._measuring.inside():
                results = list(python_side(self._inner).build(inputs))
                self._measuring.built(results)
                return results

    return derived_object(Building)


@cache
def runner() -> Any:
    """The class of runners whose results are on the disk when they return (those of a remote one, when they come)."""

    class Running(meta_schedule().runner.PyRunner):  # type: ignore[misc]
        def __init__(self, measuring: Measuring, inner: Any) -> None:
            super().__init__()
            self._measuring = measuring
            self._inner = inner

        def run(self, inputs: Any) -> Any:
            inner = python_side(self._inner)
            with self._measuring.inside():
                if hasattr(inner, "run_each"):
                    return self._measuring.ran_each(lambda came: inner.run_each(inputs, came))
                return self._measuring.ran(list(inner.run(inputs)))

    return derived_object(Running)


@cache
def measure_callback() -> Any:
    """The class of measure callbacks that log a batch, with what TVM's own database drops: why trials failed."""

    class LogBatch(meta_schedule().measure_callback.PyMeasureCallback):  # type: ignore[misc]
        def __init__(self, journal: Callable[[], Journal]) -> None:
            super().__init__()
            self._journal = journal

        def apply(self, scheduler: Any, task: int, candidates: Any, built: Any, ran: Any) -> None:
            note_caller(self._journal())
            context = scheduler.tasks_[task].ctx
            trials = []
            for candidate, build, run in zip(candidates, built, ran, strict=False):
                failure = None
                if run.error_msg is not None:
                    failure = failure_of(str(run.error_msg), built=build.error_msg is None)
                trials.append(Measured(candidate.sch.trace, candidate.args_info, run.run_secs, failure))
            log_trials(self._journal(), context.mod, context.target, trials)

    return derived_object(LogBatch)


@cache
def job_database() -> Any:
    """The class of a job's database as TVM takes it."""

    class LogToJob(meta_schedule().database.PyDatabase):  # type: ignore[misc]
        """Records that TVM hands over are logged, unless that was done when they were measured.

        Args:
            journal: the job's.
            target: show the search only records of this target: TVM's own databases do not tell targets apart.
            logged: whether what TVM hands over is in the log already.

        Attributes:
            path_workload, path_tuning_record: its files, as those of TVM's `JSONDatabase`.
        """

        def __init__(self, journal: Journal, target: Any = None, *, logged: bool = False) -> None:
            super().__init__()
            self._journal = journal
            self._database = database_of(journal)
            self.path_workload, self.path_tuning_record = self._database.paths
            self._stock = self._database.stock
            self._device = _device(target) if target is not None else None
            self._is_logged = logged

        def has_workload(self, mod: Any) -> bool:
            return bool(self._stock.has_workload(mod))

        def commit_workload(self, mod: Any) -> Any:
            return self._database.workload(mod)

        def commit_tuning_record(self, record: Any) -> None:
            if self._is_logged:
                return
            note_caller(self._journal)
            if record.run_secs is None:
                self._database.keep_unmeasured(record)
                return
            failed = len(record.run_secs) > 0 and float(record.run_secs[0]) >= FAILED
            trial = Measured(record.trace, record.args_info, None if failed else record.run_secs)
            log_trials(self._journal, record.workload.mod, record.target, [trial])

        def get_top_k(self, workload: Any, top_k: int) -> Any:
            if self._device is None:
                return self._stock.get_top_k(workload, top_k)
            best = self._stock.get_top_k(workload, len(self._stock))
            return [each for each in best if _device(each.target) == self._device][:top_k]

        def get_all_tuning_records(self) -> Any:
            return self._stock.get_all_tuning_records()

        def __len__(self) -> int:
            return len(self._stock)

    return derived_object(LogToJob)


def _device(target: Any) -> str:
    return parse_target(target).target.device_key


def python_side(derived: Any) -> Any:
    """What is written in Python of an object, to call it without a way through C++, which makes a RuntimeError of
    whatever is raised: of Ctrl-C too.
    """
    return getattr(derived, "_inst", derived)
