"""One task of a model while it is tuned: what was on record before, and what has come since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.library.reading import workload_label
from tvmgitlib.live.common import family_of_task
from tvmgitlib.live.coverage import UNSEARCHABLE
from tvmgitlib.live.job import Job
from tvmgitlib.live.tuning.values import FAILED, SHORT, SKIPPED, TUNED, TUNING, WAITING, TaskTuning
from tvmgitlib.model import Place, TuningRecord


class TaskAtWork(Struct):
    """A task and what is known of it.

    Attributes:
        task: of any family.
        place: what its records answer for.
        begun: as it was before anything was measured.
        had: how many measurements this job had made of it before.
        baseline: what the untuned config takes, in seconds; None where nobody measured it.
        is_begun: whether the tuner has turned to it.
    """

    task: Any
    place: Place
    begun: TaskTuning
    had: int
    baseline: float | None
    is_begun: bool = False

    @property
    def is_left(self) -> bool:
        """Whether it is to be tuned."""
        return self.begun.state == WAITING

    def now(self, job: Job, trials: int, *, over: bool = False) -> TaskTuning:
        """How far it is.

        Args:
            job: the job that tunes it.
            trials: how many shall be on record.
            over: whether the job is over.
        """
        if self.begun.state != WAITING:
            return self.begun
        new = job.measured(self.task)[self.had :]
        costs = [record.cost for record in new if record.error is None]
        best = min(costs + ([self.begun.cost] if self.begun.cost is not None else []), default=None)
        done = replace(
            self.begun,
            trials=self.begun.trials + sum(record.is_lasting for record in new),
            made=len(new),
            failed=sum(record.error is not None for record in new),
            cost=best,
            baseline=self.baseline,
        )
        state = self._state(job, done, trials, over)
        return replace(done, state=state, why=_why_short(new) if state == SHORT else "")

    def _state(self, job: Job, done: TaskTuning, trials: int, over: bool) -> str:
        is_exhausted = self.place.task in job.journal.opened.exhausted()
        if done.trials >= trials or (is_exhausted and done.trials):
            return TUNED if done.cost is not None else FAILED
        if over:
            return SHORT
        return TUNING if self.is_begun else WAITING


def _why_short(new: Sequence[TuningRecord]) -> str:
    """Why trials that were made are missing all the same; empty where they are not."""
    passing = Counter(record.error for record in new if record.error is not None and not record.is_lasting)
    if not passing:
        return ""
    kinds = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in passing.most_common())
    return f"failures that may pass ({kinds}): the same command tries them again"


def at_work(job: Job, task: Any, weight: float, trials: int) -> TaskAtWork:
    """A task before anything is measured.

    Raises:
        TvmgitlibError: see `Job.place`.
    """
    family = family_of_task(task)
    place = job.place(task)
    named = replace(place.workload, signature=place.workload.signature or family.signature(task))
    label = workload_label(named)
    begun = TaskTuning(
        family.name, place.platform, place.workload.text, label, weight, WAITING, layer=family.layer(task) or ""
    )
    if (why := family.unsearchable(task)) is not None:
        return TaskAtWork(task, place, replace(begun, platform=None, state=UNSEARCHABLE, why=why), 0, None)
    effort = job.effort(task)
    baseline = job.journal.baseline(place)
    known = job.on_record(task)
    begun = replace(
        begun,
        state=WAITING if effort is None or not effort.is_enough(trials) else SKIPPED,
        trials=effort.lasting if effort is not None else 0,
        cost=min((record.cost for record in known if record.error is None), default=None),
        baseline=baseline,
    )
    if begun.state == SKIPPED and begun.cost is None:
        begun = replace(begun, state=FAILED)
    return TaskAtWork(task, place, begun, len(job.measured(task)), baseline)
