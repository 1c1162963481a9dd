"""What changed between two commits, and where each best config comes from, in the library's terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tvmgitlib.library.outlines import Addition
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.job_log import LogEntry, entries
from tvmgitlib.library.reading.queries import selected
from tvmgitlib.library.reading.results import Placed
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import duration
from tvmgitlib.rules.diff import KINDS, diff
from tvmgitlib.store import Repository, history_cuts


class ConfigChange(Placed, frozen=True):
    """What happened to the best config of a workload on a target and platform.

    Attributes:
        kind: `added`, `removed`, `faster`, `slower`, or `same`.
        old, new: the cost before and after in seconds; None where there is none.
        ratio: old over new: above 1 is faster; None where there is nothing to compare.
        old_job, new_job: the jobs that measured them.
    """

    kind: str
    old: float | None
    new: float | None
    ratio: float | None
    old_job: str | None
    new_job: str | None

    def __repr__(self) -> str:
        ratio = f" {self.ratio:.2f}x" if self.ratio is not None else ""
        return f"<ConfigChange {self.kind}{ratio}: {self.workload_label} on {self.platform}>"

    @property
    def differs(self) -> bool:
        """Whether the best cost is another one now."""
        return self.kind != "same"

    def to_json(self) -> dict[str, Any]:
        return self.fields("kind", "old", "new", "ratio", "old_job", "new_job")


def counts_by_kind(changes: Iterable[ConfigChange]) -> dict[str, int]:
    """How many changes there are of each kind, those of which there is none too."""
    found = Counter(change.kind for change in changes)
    return {kind: found[kind] for kind in KINDS}


class Blame(Placed, frozen=True):
    """Where the best config of a workload comes from.

    Attributes:
        cost: its mean run time in seconds.
        job: the job that measured it.
        commit, date, author: of the commit that added the job; None where no commit of this history does.
    """

    cost: float
    job: str
    commit: str | None
    date: str | None
    author: str | None

    def __repr__(self) -> str:
        return f"<Blame {duration(self.cost)} by job {self.job}: {self.workload_label} on {self.platform}>"

    def to_json(self) -> dict[str, Any]:
        return self.fields("cost", "job", "commit", "date", "author")


def compare(before: Contents, after: Contents, selection: Selection) -> list[ConfigChange]:
    """What happened to every selected best config between two commits."""
    return [
        ConfigChange(
            place=difference.present.place,
            kind=difference.kind,
            old=difference.old.record.cost if difference.old else None,
            new=difference.new.record.cost if difference.new else None,
            ratio=difference.ratio,
            old_job=difference.old.job if difference.old else None,
            new_job=difference.new.job if difference.new else None,
        )
        for difference in diff(before.current(), after.current())
        if selection.matches(difference.present.place)
    ]


def blame(repository: Repository, contents: Contents, selection: Selection) -> list[Blame]:
    """The job and commit that every selected record of configs/ comes from."""
    records = list(selected(contents.current(selection.part), selection))
    known = _additions(repository, contents, {stored.job for stored in records})
    answers = []
    for stored in records:
        by = known.get(stored.job)
        answers.append(
            Blame(
                place=stored.place,
                cost=stored.record.cost,
                job=stored.job,
                commit=by.commit if by else None,
                date=by.date if by else None,
                author=by.author if by else None,
            )
        )
    return answers


def _additions(repository: Repository, contents: Contents, jobs: set[str]) -> Mapping[str, Addition | LogEntry]:
    """The commits that added some jobs; of those where history is cut off it is not known."""
    if not history_cuts(repository, contents.snapshot.commit):
        known = contents.outlines.additions(repository, jobs)
        if known is not None:
            return known
    return {entry.job: entry for entry in entries(repository, contents, jobs)}
