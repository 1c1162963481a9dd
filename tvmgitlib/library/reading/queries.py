"""Questions to a library: the best configs, and the effort behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from tvmgitlib import families
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.grading import GRADES, Accept, Grader, up_to
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.results import BestConfig, WorkloadEffort
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model.job import Task
from tvmgitlib.model.segment import StoredRecord
from tvmgitlib.rules.effort import union
from tvmgitlib.rules.fold import Configs
from tvmgitlib.rules.order import rank
from tvmgitlib.rules.validity import Verdict

_NOT_GRADED = "not graded: give the TVM that would use it with --tvm DIST==VERSION"


def selected(configs: Configs, selection: Selection) -> Iterator[tuple[str, StoredRecord]]:
    """The records of configs/ that are selected, with their platform's name."""
    for path, records in configs.items():
        platform = path.split("/")[2]
        for stored in records:
            record = stored.record
            if selection.matches(record.family, record.target.target, platform, record.workload):
                yield platform, stored


def best(
    contents: Contents, selection: Selection, grader: Grader | None = None, accept: Accept | Literal["any"] = "exact"
) -> list[BestConfig]:
    """The best record of every selected workload on every target and platform.

    Args:
        contents: the library in one commit.
        selection: which workloads.
        grader: of the TVM and machine that would use them: one record a workload comes back, the best of the best
            grade, and none that this TVM cannot read where there is another of the same computation. Without it
            nothing is graded, and there is one record for each TVM version that a workload was tuned with.
        accept: the worst grade that is wanted of the grader: `exact`, `stale`, or `any` to see what there is, also
            what was invalidated.
    """
    groups: defaultdict[tuple[str, ...], list[_Candidate]] = defaultdict(list)
    for platform, stored in selected(grader.records if grader else contents.current(), selection):
        verdict = grader.verdict(stored, platform) if grader else None
        candidate = _Candidate(platform, stored, verdict)
        version = () if grader else stored.tuned_with.group
        groups[candidate.place + version].append(candidate)
    if grader and accept == "any":
        for path, stored, invalid in grader.invalidated:
            for platform, _ in selected({path: [stored]}, selection):
                candidate = _Candidate(platform, stored, invalid)
                groups[candidate.place].append(candidate)
    wanted = GRADES if accept == "any" else up_to(accept)
    answers = [_best_of(group, grader) for _, group in sorted(groups.items())]
    here = {answer.computation for answer in answers if answer.verdict and answer.verdict.grade in up_to("stale")}
    return [
        _answer(answer, contents.baseline(answer.stored, answer.platform))
        for answer in answers
        if (answer.verdict is None or answer.verdict.grade in wanted)
        and not (answer.is_incompatible and answer.computation in here)
    ]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A record that may be the best of its place; without a verdict where nothing is graded."""

    platform: str
    stored: StoredRecord
    verdict: Verdict | None

    @property
    def place(self) -> tuple[str, ...]:
        record = self.stored.record
        return (record.family, record.target.target.key, self.platform, record.workload.text)

    @property
    def computation(self) -> tuple[str | None, ...]:
        """What is computed where, by whatever name a TVM version gives it."""
        record = self.stored.record
        name = record.workload.signature or record.workload.text
        return (record.family, record.target.target.key, self.platform, name)

    @property
    def is_incompatible(self) -> bool:
        return self.verdict is not None and self.verdict.grade == "incompatible"


def _best_of(group: list[_Candidate], grader: Grader | None) -> _Candidate:
    if grader is None:
        return min(group, key=lambda candidate: rank(candidate.stored))
    best, _ = grader.best([(each.stored, each.verdict) for each in group if each.verdict is not None])
    return next(each for each in group if each.stored is best)


def _answer(candidate: _Candidate, baseline: float | None) -> BestConfig:
    stored, verdict = candidate.stored, candidate.verdict
    record = stored.record
    native: Any = orjson.loads(record.native)
    return BestConfig(
        family=record.family,
        target=record.target.target.key,
        platform=candidate.platform,
        workload=record.workload.text,
        cost=record.cost,
        trials=stored.trials,
        job=stored.job,
        grade=verdict.grade if verdict else None,
        why=verdict.why if verdict else _NOT_GRADED,
        record=native,
        target_label=record.target.target.label,
        workload_label=workload_label(record.workload),
        tuned_with=stored.tuned_with,
        written_by=record.tvm_version or families.tvm_of_name(record.workload),
        baseline=baseline,
        native=record.native,
    )


def trials(contents: Contents, selection: Selection) -> list[WorkloadEffort]:
    """The effort on record for every selected workload: jobs that count, each measurement once."""
    groups: defaultdict[tuple[str, ...], list[tuple[str, Task]]] = defaultdict(list)
    for segment in contents.outlines:
        if segment.header.id not in contents.standing.counting:
            continue
        for entry in segment.tasks:
            task = entry.task
            if selection.matches(*_identity(task)):
                place = (*task.section.key, task.workload.text)
                groups[place].append((segment.header.id, task))
    return [_effort(group) for _, group in sorted(groups.items())]


def _identity(task: Task) -> tuple[Any, ...]:
    return (task.section.family, task.section.target, task.section.platform.name, task.workload)


def _effort(group: list[tuple[str, Task]]) -> WorkloadEffort:
    task = group[0][1]
    effort = union(task.effort for _, task in group)
    return WorkloadEffort(
        family=task.section.family,
        target=task.section.target.key,
        platform=task.section.platform.name,
        workload=task.workload.text,
        trials=effort.trials,
        configs=effort.configs,
        failed=effort.failed,
        errors=effort.errors,
        jobs=tuple(sorted({job for job, _ in group})),
        target_label=task.section.target.label,
        workload_label=workload_label(task.workload),
    )
