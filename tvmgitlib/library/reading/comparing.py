"""What changed between two commits, and where each best config comes from, in the library's terms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.log import log
from tvmgitlib.library.reading.queries import selected
from tvmgitlib.library.reading.results import LogEntry
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.rules.diff import diff
from tvmgitlib.store import Repository


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What happened to the best config of a workload on a target and platform.

    Attributes:
        family, target, platform, workload: which; the target as canonical JSON text.
        kind: `added`, `removed`, `faster`, `slower`, or `same`.
        old, new: the cost before and after in seconds; None where there is none.
        ratio: old over new: above 1 is faster; None where there is nothing to compare.
        old_job, new_job: the jobs that measured them.
        target_label, workload_label: both for people.
    """

    family: str
    target: str
    platform: str
    workload: str
    kind: str
    old: float | None
    new: float | None
    ratio: float | None
    old_job: str | None
    new_job: str | None
    target_label: str
    workload_label: str

    def to_json(self) -> dict[str, Any]:
        document = asdict(self)
        del document["target_label"], document["workload_label"]
        return document


@dataclass(frozen=True, slots=True)
class Blame:
    """Where the best config of a workload comes from."""

    family: str
    target: str
    platform: str
    workload: str
    cost: float
    job: str
    commit: str | None
    date: str | None
    author: str | None
    target_label: str
    workload_label: str

    def to_json(self) -> dict[str, Any]:
        document = asdict(self)
        del document["target_label"], document["workload_label"]
        return document


def compare(before: Contents, after: Contents, selection: Selection) -> list[ConfigChange]:
    """What happened to every selected best config between two commits."""
    changes = []
    for difference in diff(before.current(), after.current()):
        stored, platform = difference.present, difference.path.split("/")[2]
        record = stored.record
        if not selection.matches(record.family, record.target.target, platform, record.workload):
            continue
        old, new = difference.old, difference.new
        changes.append(
            ConfigChange(
                family=record.family,
                target=record.target.target.key,
                platform=platform,
                workload=record.workload.text,
                kind=difference.kind,
                old=old.record.cost if old else None,
                new=new.record.cost if new else None,
                ratio=difference.ratio,
                old_job=old.job if old else None,
                new_job=new.job if new else None,
                target_label=record.target.target.label,
                workload_label=workload_label(record.workload),
            )
        )
    return changes


def blame(repository: Repository, contents: Contents, selection: Selection) -> list[Blame]:
    """The job and commit that every selected record of configs/ comes from."""
    entries: dict[str, LogEntry] = {entry.job: entry for entry in log(repository, contents)}
    answers = []
    for platform, stored in selected(contents.current(), selection):
        record, entry = stored.record, entries.get(stored.job)
        answers.append(
            Blame(
                family=record.family,
                target=record.target.target.key,
                platform=platform,
                workload=record.workload.text,
                cost=record.cost,
                job=stored.job,
                commit=entry.commit if entry else None,
                date=entry.date if entry else None,
                author=entry.author if entry else None,
                target_label=record.target.target.label,
                workload_label=workload_label(record.workload),
            )
        )
    return answers
