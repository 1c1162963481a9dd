"""Questions to a library: the best configs, and the effort behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from tvmgitlib.library.contents import Contents
from tvmgitlib.library.labels import workload_label
from tvmgitlib.library.results import BestConfig, WorkloadEffort
from tvmgitlib.library.selection import Selection
from tvmgitlib.model.job import Task
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.rules.effort import union
from tvmgitlib.rules.fold import Configs
from tvmgitlib.rules.order import rank
from tvmgitlib.rules.segment import StoredRecord

_GRADES = ("exact", "stale")


def selected(configs: Configs, selection: Selection) -> Iterator[tuple[str, StoredRecord]]:
    """The records of configs/ that are selected, with their platform's name."""
    for path, records in configs.items():
        platform = path.split("/")[2]
        for stored in records:
            record = stored.record
            if selection.matches(record.family, record.target.target, platform, record.workload):
                yield platform, stored


def best(
    contents: Contents, selection: Selection, tvm: TvmVersion | None = None, accept: str = "exact"
) -> list[BestConfig]:
    """The best record of every selected workload on every target and platform.

    Args:
        contents: the library in one commit.
        selection: which workloads.
        tvm: the TVM that would use them: one record a workload comes back, the best of the best grade. Without it
            nothing is graded, and there is one record for each TVM version that a workload was tuned with.
        accept: the worst grade that is wanted with `tvm`: `exact` or `stale`.
    """
    groups: defaultdict[tuple[str, ...], list[tuple[str, StoredRecord]]] = defaultdict(list)
    for platform, stored in selected(contents.current(), selection):
        record = stored.record
        place = (record.family, record.target.target.key, platform, record.workload.text)
        groups[place if tvm else (*place, *stored.tuned_with.group)].append((platform, stored))
    answers = (_best_of(contents, group, tvm, accept) for _, group in sorted(groups.items()))
    return [answer for answer in answers if answer is not None]


def _best_of(
    contents: Contents, group: list[tuple[str, StoredRecord]], tvm: TvmVersion | None, accept: str
) -> BestConfig | None:
    if tvm is None:
        platform, stored = min(group, key=lambda candidate: rank(candidate[1]))
        return _answer(platform, stored, None, "not graded: give the TVM that would use it with --tvm DIST==VERSION")
    wanted = _GRADES[: _GRADES.index(accept) + 1]
    verdicts = [(platform, stored, contents.verdict(stored, tvm)) for platform, stored in group]
    allowed = [candidate for candidate in verdicts if candidate[2].grade in wanted]
    if not allowed:
        return None
    platform, stored, verdict = min(
        allowed, key=lambda candidate: (wanted.index(candidate[2].grade), rank(candidate[1]))
    )
    return _answer(platform, stored, verdict.grade, verdict.why)


def _answer(platform: str, stored: StoredRecord, grade: str | None, why: str) -> BestConfig:
    record = stored.record
    native: Any = orjson.loads(record.native)
    return BestConfig(
        family=record.family,
        target=record.target.target.key,
        platform=platform,
        workload=record.workload.text,
        cost=record.cost,
        trials=stored.trials,
        job=stored.job,
        grade=grade,
        why=why,
        record=native,
        target_label=record.target.target.label,
        workload_label=workload_label(record.workload),
        tuned_with=stored.tuned_with,
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
