"""Tuning a whole model as one job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib.live.at_hand import live_target
from tvmgitlib.live.common import HowToMeasure
from tvmgitlib.live.coverage import Coverage
from tvmgitlib.live.job import Job
from tvmgitlib.live.tasks import WeightedTask, expand
from tvmgitlib.live.tuning.models import Shapes, load_model, names_of
from tvmgitlib.live.tuning.searching import Search, family_of_tuner, require_searchable, search
from tvmgitlib.live.tuning.sharding import part_of
from tvmgitlib.live.tuning.values import ModelTuned, TaskTuning, Tuning
from tvmgitlib.live.tuning.watching import TaskAtWork, at_work
from tvmgitlib.model import Json, Place, TargetError, TvmError
from tvmgitlib.rules.sharding import Shard


class TuneRequest(Struct, frozen=True):
    """What a user asks for; see `ConfigLibrary.tune`.

    Attributes:
        model, trials, target, tuner, key, shard, shapes, warm_start, budget, watch: as there.
        how: how to measure.
        told: what else the family's call takes.
    """

    model: Any
    trials: int
    target: object | None = None
    tuner: str | None = None
    key: str | None = None
    shard: Shard | None = None
    shapes: Shapes = field(default_factory=dict)
    how: HowToMeasure = field(default_factory=HowToMeasure)
    warm_start: bool = False
    budget: float | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    watch: Callable[[Tuning], None] | None = None

    @property
    def job_key(self) -> str | None:
        """What the job is for: as the user says, else the names of the models; and which part of their tasks."""
        name = self.key or "+".join(names_of(self.model))
        return " ".join(part for part in (name, str(self.shard or "")) if part) or None

    @property
    def told_of_job(self) -> dict[str, Json]:
        """What the job's header says of what was asked for, beside the key."""
        models = names_of(self.model)
        several: dict[str, Json] = {"models": [*models]} if len(models) > 1 else {}
        return several | ({"shard": str(self.shard)} if self.shard is not None else {})


def tune_model(
    request: TuneRequest,
    start: Callable[[str | None, Mapping[str, Json]], Job],
    cover: Callable[[Sequence[WeightedTask]], Coverage],
) -> ModelTuned:
    """Tune models; see `ConfigLibrary.tune`.

    Args:
        request: what is asked for.
        start: makes or resumes the job of a key, whose header says more of it.
        cover: says how much of tasks is tuned.

    Raises:
        TvmgitlibError: as there.
    """
    family = family_of_tuner(request.tuner)
    found = load_model(request.model, request.shapes)
    tasks = expand(found, request.target, family)
    if family is not None and not tasks and expand(found, request.target):
        raise TvmError(
            f"the model has no task that the tuner {request.tuner} searches",
            hint="A Relax model's are those of evolutionary; leave the tuner out to take the usual one.",
        )
    its = part_of(tasks, request.shard, request.target) if request.shard is not None else tasks
    target = live_target(request.target) if request.target is not None else None
    job = start(request.job_key, request.told_of_job)
    with job:
        done = _tune(job, its, request, target)
    assert job.result is not None  # the with block was left normally
    return ModelTuned(request.job_key, job.result, job.resumed, done, cover(tasks), request.shard)


def _tune(job: Job, tasks: Sequence[WeightedTask], request: TuneRequest, target: Any) -> tuple[TaskTuning, ...]:
    """Tune what is not tuned yet; returns what became of each task. `target` is TVM's object, or None."""
    begun = time.monotonic()
    if request.budget is not None:
        job.journal.limit(request.budget)
    job.measured_by(request.how)
    each = _at_work(job, tasks, request.trials)
    left = [one for one in each if one.is_left]
    _require_searchable(job, left, target, request.how)

    def tell() -> None:
        if request.watch is not None:
            elapsed = time.monotonic() - begun
            request.watch(Tuning(request.trials, lambda: _now(job, each, request.trials), elapsed, request.budget))

    wanted = Search(
        trials=request.trials,
        tuner=request.tuner,
        target=target,
        how=request.how,
        warm_start=request.warm_start,
        told=request.told,
        told_of=tell,
    )
    tell()
    job.journal.watch(tell)
    try:
        search(job, left, wanted)
    finally:
        job.journal.watch(None)
    return _now(job, each, request.trials, over=True)


def _require_searchable(job: Job, left: Sequence[TaskAtWork], target: Any, how: HowToMeasure) -> None:
    """See that a search can begin; where not, a job that is new is gone, and one that was resumed is in progress.

    Raises:
        TargetError: see `require_searchable`.
    """
    try:
        require_searchable([one.task for one in left], target, how)
    except TargetError:
        if not job.resumed:
            job.finish()  # it has measured nothing
        raise


def _now(job: Job, tasks: Sequence[TaskAtWork], trials: int, *, over: bool = False) -> tuple[TaskTuning, ...]:
    return tuple(one.now(job, trials, over=over) for one in tasks)


def _at_work(job: Job, tasks: Sequence[WeightedTask], trials: int) -> list[TaskAtWork]:
    """Each workload once, with the weight of all its tasks."""
    found: dict[Place, TaskAtWork] = {}
    for task in tasks:
        place = job.place(task.task)
        if place in found:
            known = found[place]
            known.begun = replace(known.begun, weight=known.begun.weight + task.weight)
        else:
            found[place] = at_work(job, task.task, task.weight, trials)
    return list(found.values())
