"""Declaring that records no longer hold: a job of kind `invalidate` that names exactly those of this moment."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from tvmgitlib.library.changes.change import fold_change
from tvmgitlib.library.changes.decision import Decision, decide_and_commit
from tvmgitlib.library.changes.messages import in_and_out, message, require_reason
from tvmgitlib.library.folding import Change, Folded
from tvmgitlib.library.reading import Contents, Selection, near_names
from tvmgitlib.model import (
    Header,
    Invalidation,
    JobError,
    Segment,
    SelectionError,
    StoredRecord,
    Task,
    plural,
    read_utc,
    utc_text,
)
from tvmgitlib.rules.matching import FactRule, TvmRule
from tvmgitlib.store import Repository

#: The records that are named, and how many more would be if those of no known distribution were meant.
_Found: TypeAlias = "tuple[tuple[Invalidation, ...], int]"


class Condemned(Struct, frozen=True):
    """Which records are meant: those that meet every condition that is given.

    Attributes:
        selection: family, target, platform, workload.
        tvm: tuned with one of these TVMs. Where the rule names a distribution, what names none is not meant, unless the
            rule says so (`TvmRule.with_unknown`).
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

    @property
    def unsure(self) -> Condemned | None:
        """The same conditions for what names no distribution, where the rule names one and leaves that out."""
        if self.tvm is None or self.tvm.distribution is None or self.tvm.with_unknown:
            return None
        return replace(self, tvm=replace(self.tvm, with_unknown=True))

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


class Invalidated(Struct, frozen=True):
    """What an invalidation did.

    Attributes:
        job: the id of the invalidation itself: revert it to undo it. None where it is only foreseen.
        commit: the commit; None where it is only foreseen.
        invalidated: how many records it names.
        jobs: how many of each job, by id.
        removed: records that left configs/.
        restored: records that took their places.
        unsure: records that were not named because they say no distribution of TVM, and the rule does.
        left_alone: files of the work tree that stay as the user changed them.
    """

    job: str | None
    commit: str | None
    invalidated: int
    jobs: dict[str, int]
    removed: int
    restored: int
    left_alone: tuple[str, ...] = ()
    unsure: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def invalidate(repository: Repository, condemned: Condemned, reason: str) -> Invalidated:
    """Commit an invalidation. Records that later jobs add, or that are merged in later, are not touched by it.

    Raises:
        SelectionError: no condition is given, or no record that holds now meets them all.
        JobError: there is no reason.
    """
    _require_sense(condemned, reason)
    made = secrets.token_hex(8)
    author = repository.identity()
    done = decide_and_commit(repository, lambda contents: _decide(contents, condemned, made, author, reason))
    return _outcome(done.about, done.folded, made, done.committed.commit, done.committed.left_alone)


def foresee_invalidation(contents: Contents, condemned: Condemned, reason: str) -> Invalidated:
    """What an invalidation would do, without a job and a commit.

    Raises:
        SelectionError, JobError: as `invalidate`.
    """
    _require_sense(condemned, reason)
    decision = _decide(contents, condemned, secrets.token_hex(8), None, reason)
    return _outcome(decision.about, fold_change(contents, decision.change), None, None)


def _require_sense(condemned: Condemned, reason: str) -> None:
    require_reason(reason)
    if not reason.strip():
        raise JobError("an invalidation needs a reason", hint="Say why with --reason TEXT.")
    if not condemned:
        raise SelectionError("no condition is given, and everything is never meant", hint="See --help for conditions.")


def _decide(contents: Contents, condemned: Condemned, made: str, author: str | None, reason: str) -> Decision[_Found]:
    """Which records are named, and how many are not because they say no distribution."""
    named = tuple(sorted(_named(contents, condemned), key=lambda invalidation: invalidation.job))
    unsure = _count(list(_named(contents, condemned.unsure))) - _count(named) if condemned.unsure else 0
    if not named:
        without = _with_unknown(unsure) if unsure else None
        raise SelectionError(
            "no record that holds now meets the conditions, so nothing was committed",
            hint=without or " ".join(near_names(contents, condemned.selection)) or None,
        )
    header = Header(id=made, kind="invalidate", finished=utc_text(time.time()), author=author, reason=reason)
    change = Change(added=(Segment(header, invalidations=named),))
    return Decision((named, unsure), change, lambda folded: _message(header, named, folded))


def _outcome(
    found: _Found, folded: Folded, job: str | None, commit: str | None, left_alone: tuple[str, ...] = ()
) -> Invalidated:
    named, unsure = found
    return Invalidated(
        job=job,
        commit=commit,
        invalidated=_count(named),
        jobs={invalidation.job: len(invalidation.records or ()) for invalidation in named},
        removed=len(folded.left),
        restored=len(folded.entered),
        left_alone=left_alone,
        unsure=unsure,
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
    for job in _asked(contents, condemned):
        if not contents.standing.counts(job):
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


def _asked(contents: Contents, condemned: Condemned) -> list[str]:
    """The jobs that may hold such records."""
    if condemned.job is not None:
        return contents.outlines.beginning(condemned.job)
    return [segment.header.id for segment in contents.outlines.having(condemned.selection.narrowing)]


def _with_unknown(count: int) -> str:
    """How to take out what names no distribution too."""
    said = plural(count, "would, but names", "would, but name")
    return f"{said} no distribution: --with-unknown takes {'it' if count == 1 else 'them'} too."
