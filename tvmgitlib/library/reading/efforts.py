"""What jobs have on record of their trials, beside the best records: how much, and what can be learnt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from tvmgitlib.library.outlines import Spent
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.doubts import Trust
from tvmgitlib.library.reading.grading import is_exact
from tvmgitlib.library.reading.results import Placed
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import Effort, Place, TaskHistory, TvmVersion
from tvmgitlib.rules.effort import of_jobs, union


class WorkloadEffort(Placed, frozen=True):
    """The effort on record for a workload on a target and platform, each measurement counted once.

    Attributes:
        trials: measurements, failures too.
        configs: how many different configs they measured.
        failed: how many of them failed.
        errors: the same by kind.
        repeated: how many are of configs that another job had measured as well: no tuner counts them.
        jobs: whose they are.
    """

    trials: int
    configs: int
    failed: int
    errors: dict[str, int]
    repeated: int
    jobs: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<WorkloadEffort {self.trials:,} trials: {self.workload_label} on {self.platform}>"

    def to_json(self) -> dict[str, Any]:
        return self.fields("trials", "configs", "failed", "errors", "repeated") | {"jobs": list(self.jobs)}


def trials(contents: Contents, selection: Selection, tvm: TvmVersion | None = None) -> list[WorkloadEffort]:
    """The effort on record for every selected workload: jobs that count, each measurement once.

    Args:
        contents: the library in one commit.
        selection: which workloads, as `best` takes it.
        tvm: only what holds for this TVM by the library's policy; None for all.
    """
    groups: defaultdict[Place, list[Spent]] = defaultdict(list)
    now, trust = datetime.now(timezone.utc), Trust(contents)
    for spent in contents.spent(selection.narrowing):
        place = spent.place
        if not _is_meant(selection, place):
            continue
        if tvm is None or (is_exact(contents, spent.section, spent.finished, tvm, now=now) and trust.counts(spent.job)):
            groups[place].append(spent)
    return [_effort(groups[place]) for place in sorted(groups, key=lambda place: place.order)]


def _effort(group: list[Spent]) -> WorkloadEffort:
    by_job: defaultdict[str, list[Effort]] = defaultdict(list)
    for spent in group:
        by_job[spent.job].append(spent.effort)
    effort = of_jobs(map(union, by_job.values()))
    named = next((spent for spent in group if spent.workload.desc is not None), group[0])
    return WorkloadEffort(
        place=named.place,
        trials=effort.trials,
        configs=effort.configs,
        failed=effort.failed,
        errors=effort.errors,
        repeated=effort.repeated,
        jobs=tuple(sorted(by_job)),
    )


def histories(contents: Contents, selection: Selection) -> Iterator[TaskHistory]:
    """The histories of every selected workload, job by job in the order of their ids.

    Jobs that are reverted or not trusted have none, nor has a job of which no record holds any more; nor have jobs that
    versions before finished, and families that do not say what they decided.

    Args:
        contents: the library in one commit.
        selection: which workloads; of a target, what a lookup for it finds.

    Raises:
        RecordError: a history is malformed.
    """
    trust = Trust(contents)
    for outline in contents.outlines.having(selection.narrowing):
        job = outline.header.id
        if contents.standing.invalid.get(job, frozenset()) is None:
            continue
        if any(_is_meant(selection, entry.task.place) for entry in outline.tasks) and trust.counts(job):
            for entry in contents.segment(job, with_histories=True).tasks:
                if entry.history and _is_meant(selection, entry.task.place):
                    yield TaskHistory(outline.header, entry.task, entry.history)


def _is_meant(selection: Selection, place: Place) -> bool:
    return selection.asks(place) and (selection.asked is None or selection.asked.target.allows(place.target))
