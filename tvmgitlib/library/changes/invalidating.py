"""Declaring that records no longer hold: a job of kind `invalidate` that names exactly those of this moment."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tvmgitlib.errors import JobError, SelectionError
from tvmgitlib.library.changes.change import Change
from tvmgitlib.library.changes.decision import Decision, decide_and_commit
from tvmgitlib.library.changes.folded import Folded
from tvmgitlib.library.changes.messages import in_and_out, message, plural
from tvmgitlib.library.reading import Contents, Selection
from tvmgitlib.model import Header, Invalidation, Segment, StoredRecord, Task, read_utc, utc_text
from tvmgitlib.rules.matching import FactRule, TvmRule
from tvmgitlib.store import Repository


@dataclass(frozen=True, slots=True)
class Condemned:
    """Which records are meant: those that meet every condition that is given.

    Attributes:
        selection: family, target, platform, workload.
        tvm: tuned with one of these TVMs.
        facts: measured under all of these platform facts.
        older_than: of jobs that finished longer ago than this.
        job: of this job (its id or the beginning of it).
    """

    selection: Selection = field(default_factory=Selection)
    tvm: TvmRule | None = None
    facts: tuple[FactRule, ...] = ()
    older_than: timedelta | None = None
    job: str | None = None

    def __bool__(self) -> bool:
        return self != Condemned()

    def means(self, stored: StoredRecord, task: Task, now: datetime) -> bool:
        """Whether a record is meant."""
        section = task.section
        return (
            (self.job is None or stored.job.startswith(self.job))
            and self.selection.matches(task.place)
            and (self.tvm is None or self.tvm.matches(stored.tuned_with))
            and all(rule.matches(section.platform.facts) for rule in self.facts)
            and (self.older_than is None or _is_older(stored, now, self.older_than))
        )


def _is_older(stored: StoredRecord, now: datetime, age: timedelta) -> bool:
    return stored.finished is not None and now - read_utc(stored.finished) > age


@dataclass(frozen=True, slots=True)
class Invalidated:
    """What an invalidation did.

    Attributes:
        job: the id of the invalidation itself: revert it to undo it.
        commit: the commit.
        invalidated: how many records it names.
        jobs: how many of each job, by id.
        removed: records that left configs/.
        restored: records that took their places.
        left_alone: files of the work tree that stay as the user changed them.
    """

    job: str
    commit: str
    invalidated: int
    jobs: dict[str, int]
    removed: int
    restored: int
    left_alone: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def invalidate(repository: Repository, condemned: Condemned, reason: str) -> Invalidated:
    """Commit an invalidation. Records that later jobs add, or that are merged in later, are not touched by it.

    Raises:
        SelectionError: no condition is given, or no record that holds now meets them all.
        JobError: there is no reason.
    """
    if not reason.strip():
        raise JobError("an invalidation needs a reason", hint="Say why with --reason TEXT.")
    if not condemned:
        raise SelectionError("no condition is given, and everything is never meant", hint="See --help for conditions.")
    made = secrets.token_hex(8)

    def decide(contents: Contents) -> Decision[tuple[Invalidation, ...]]:
        named = tuple(sorted(_named(contents, condemned), key=lambda invalidation: invalidation.job))
        if not named:
            raise SelectionError("no record that holds now meets the conditions, so nothing was committed")
        header = Header(
            id=made,
            kind="invalidate",
            finished=utc_text(time.time()),
            author=repository.identity(),
            reason=reason,
        )
        change = Change(added=(Segment(header, invalidations=named),))
        return Decision(named, change, lambda folded: _message(header, named, folded))

    done = decide_and_commit(repository, decide)
    return Invalidated(
        job=made,
        commit=done.committed.commit,
        invalidated=_count(done.about),
        jobs={invalidation.job: len(invalidation.records or ()) for invalidation in done.about},
        removed=len(done.folded.left),
        restored=len(done.folded.entered),
        left_alone=done.committed.left_alone,
    )


def _message(header: Header, named: Sequence[Invalidation], folded: Folded) -> str:
    subject = f"Invalidate {plural(_count(named), 'record')} of {plural(len(named), 'job')}"
    trailers = {"Tvmgitlib-Job": header.id, "Tvmgitlib-Kind": "invalidate"}
    return message(subject, [header.reason or "", in_and_out(folded)], trailers)


def _count(named: Sequence[Invalidation]) -> int:
    return sum(len(invalidation.records or ()) for invalidation in named)


def _named(contents: Contents, condemned: Condemned) -> Iterator[Invalidation]:
    """The records that are meant and that still hold, job by job."""
    now = datetime.now(timezone.utc)
    for outline in contents.outlines.having(condemned.selection.narrowing):
        job = outline.header.id
        if not contents.standing.counts(job) or not job.startswith(condemned.job or ""):
            continue
        segment = contents.segment(job, with_records=True, skip_absent=False)
        hashes = {
            stored.record.hash[:16]
            for entry in segment.tasks
            for stored in entry.records
            if contents.standing.holds(stored) and condemned.means(stored, entry.task, now)
        }
        if hashes:
            yield Invalidation(segment.header.id, tuple(sorted(hashes)))
