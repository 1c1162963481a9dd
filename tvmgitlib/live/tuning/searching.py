"""Which tuner searches which tasks, by family, and how each family's is called."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from msgspec import Struct, field

from tvmgitlib.live.ansor.layouts import with_sound_layouts
from tvmgitlib.live.autotvm.local import local_option
from tvmgitlib.live.autotvm.on_fleet import option_of
from tvmgitlib.live.autotvm.tuners import TUNERS as AUTOTVM_TUNERS
from tvmgitlib.live.autotvm.tuners import tuner_of
from tvmgitlib.live.common import HowToMeasure, family_of_task
from tvmgitlib.live.job import Job
from tvmgitlib.live.metaschedule.tuning import OF_CONTEXT, context_of, target_of_search
from tvmgitlib.live.tuning.watching import TaskAtWork
from tvmgitlib.model import SelectionError, TvmError

_log = logging.getLogger("tvmgitlib")

#: The family whose tasks each tuner searches.
FAMILY_OF_TUNER: Final[Mapping[str, str]] = {
    **dict.fromkeys(AUTOTVM_TUNERS, "autotvm"),
    "ansor": "ansor",
    "evolutionary": "metaschedule",
}

#: Where all tasks are measured untuned before the first trial: the share of a limited time that this may take, so that
#: each call gets on with the search, however many tasks there are.
_FOR_BASELINES: Final = 1 / 3

#: The most and the fewest trials of a batch; a quarter of what is asked for, so that a cost model learns in between.
_BATCH: Final = (4, 64)


class Search(Struct, frozen=True):
    """How the tasks of a model are to be searched.

    Attributes:
        trials: trials that shall be on record for each task.
        tuner: by name; None for the usual one of each family.
        target: TVM's object, for what does not say its own.
        how: how to measure.
        warm_start: whether to try first what other workloads suggest.
        told: what else the family's call takes; see `Job.tune`, `Job.tune_ansor` and `Job.tune_relax`.
        told_of: is called when something has changed.
    """

    trials: int
    tuner: str | None = None
    target: Any = None
    how: HowToMeasure = field(default_factory=HowToMeasure)
    warm_start: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)
    told_of: Callable[[], None] = lambda: None

    @property
    def batch(self) -> int:
        """How many trials to measure at once, where the tuner leaves that open."""
        fewest, most = _BATCH
        return max(fewest, min(most, self.trials // 4))

    @property
    def at(self) -> dict[str, Any]:
        """Builder and runner, where the user named them."""
        named = {"builder": self.how.builder, "runner": self.how.runner}
        return {name: part for name, part in named.items() if part is not None}


def family_of_tuner(tuner: str | None) -> str | None:
    """The family whose tasks a tuner searches; None for none in particular.

    Raises:
        SelectionError: there is no such tuner.
    """
    if tuner is not None and tuner not in FAMILY_OF_TUNER:
        raise SelectionError(f"no tuner is called {tuner!r}", hint=f"Tuners: {', '.join(FAMILY_OF_TUNER)}.")
    return FAMILY_OF_TUNER[tuner] if tuner is not None else None


def require_searchable(tasks: Iterable[Any], target: Any, how: HowToMeasure) -> None:
    """See that a search can begin, before anything is measured.

    Args:
        tasks: tasks of any family.
        target: TVM's object, for those that do not say theirs.
        how: how they are measured.

    Raises:
        TargetError: a target does not say what the search has to know of another machine.
    """
    for task in tasks:
        if family_of_task(task).name == "metaschedule":
            target_of_search(task, target, how.runner)


def search(job: Job, tasks: Sequence[TaskAtWork], wanted: Search) -> None:
    """Tune tasks, family by family, until each has its trials or the time is over."""
    with _quietly():
        for family, of_family in _SEARCHES.items():
            its = [each for each in tasks if each.place.family == family]
            if its:
                of_family(job, its, wanted)


_Searching: TypeAlias = "Callable[[Job, Sequence[TaskAtWork], Search], None]"


def _one_by_one(tune: Callable[[Job, Any, Search], object]) -> _Searching:
    """What tunes one task after the other."""

    def searching(job: Job, tasks: Sequence[TaskAtWork], wanted: Search) -> None:
        for each in tasks:
            _begin(job, each, wanted)
            if job.journal.is_out_of_time:
                return
            tune(job, each.task, wanted)

    return searching


def _autotvm(job: Job, task: Any, wanted: Search) -> None:
    tuner = tuner_of(wanted.tuner or AUTOTVM_TUNERS[0], task)
    option = option_of(wanted.how) or local_option()
    job.tune(tuner, wanted.trials, option, warm_start=wanted.warm_start, **wanted.told)


def _ansor(job: Job, task: Any, wanted: Search) -> None:
    usual = {"measures_per_round": wanted.batch, "verbose": 0, **wanted.at}
    job.tune_ansor(with_sound_layouts(task), wanted.trials, warm_start=wanted.warm_start, **{**usual, **wanted.told})


def _metaschedule(job: Job, tasks: Sequence[TaskAtWork], wanted: Search) -> None:
    """All in one call: TVM's scheduler turns to them by turns."""
    for each in tasks:
        _begin(job, each, wanted, until=_FOR_BASELINES)
    if job.journal.is_out_of_time:
        return
    usual = {"num_trials_per_iter": wanted.batch, "max_trials_per_task": wanted.trials, **wanted.at}
    job.tune_tasks(
        [context_of(each.task, wanted.target, wanted.told, wanted.how.runner) for each in tasks],
        [each.begun.weight for each in tasks],
        wanted.trials * len(tasks),
        warm_start=wanted.warm_start,
        **{**usual, **{name: option for name, option in wanted.told.items() if name not in OF_CONTEXT}},
    )


_SEARCHES: Final[Mapping[str, _Searching]] = {
    "autotvm": _one_by_one(_autotvm),
    "ansor": _one_by_one(_ansor),
    "metaschedule": _metaschedule,
}


def _begin(job: Job, task: TaskAtWork, wanted: Search, until: float = 1.0) -> None:
    """Measure a task untuned, where nobody has; a failure is a warning.

    Args:
        job: the job.
        task: the task.
        wanted: how it is to be searched.
        until: the share of a limited time after which no such measurement begins.
    """
    task.is_begun = True
    wanted.told_of()
    if task.baseline is not None or job.journal.time_spent >= until:
        return
    how = wanted.how
    try:
        task.baseline = job.baseline(
            task.task, measure_option=how.measure_option, builder=how.builder, runner=how.runner
        )
    except TvmError as error:
        _log.warning("no baseline: %s", error)
    wanted.told_of()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what MetaSchedule prints: a table of its own after each batch."""
    loggers = [logging.getLogger(name) for name in ("tvm.s_tir.meta_schedule", "tvm.meta_schedule")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
