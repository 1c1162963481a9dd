"""Taking jobs out of the fold, and back in: a job of kind `revert`, never a deletion."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.format import lines_of, read_segment
from tvmgitlib.library.changes.decision import Decision, Instead, decide_and_commit
from tvmgitlib.library.changes.messages import in_and_out, message, require_reason
from tvmgitlib.library.folding import Change, Folded
from tvmgitlib.library.reading import Contents, Departure, removed_segments, signature_files
from tvmgitlib.model import Header, JobError, Segment, plural, utc_text
from tvmgitlib.store import FILE_MODE, Blob, Repository


class Reverted(Struct, frozen=True):
    """What a revert did.

    Attributes:
        job: the id of the revert itself: revert it to undo it.
        commit: the commit.
        reverted: the jobs that it takes out (or, where they were reverts, undoes).
        restored: records that came into configs/.
        removed: records that left it.
        left_alone: files of the work tree that stay as the user changed them.
    """

    job: str
    commit: str
    reverted: tuple[str, ...]
    restored: int
    removed: int
    left_alone: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def revert(repository: Repository, jobs: Sequence[str], reason: str | None = None) -> Reverted:
    """Commit a revert of some jobs. Those whose segments plain Git removed come back, so that the revert can be undone.

    Args:
        repository: the library.
        jobs: ids, or the beginnings of ids.
        reason: why, for the record.

    Raises:
        JobError: none is named, or one is unknown, ambiguous, or reverted already.
    """
    if not jobs:
        raise JobError("no job is named", hint="tvmgitlib log shows them.")

    def choose(contents: Contents) -> _Choice:
        gone: dict[str, Departure] = {}
        if not all(map(contents.outlines.beginning, jobs)):
            gone = {departure.job: departure for departure in removed_segments(repository, contents)}
        return _Choice(tuple(dict.fromkeys(_resolve(contents, gone, job) for job in jobs)), gone, reason)

    done = _commit(repository, choose, reason)
    assert done is not None  # jobs are named
    return done


def revert_removed(repository: Repository, reason: str | None = None) -> Reverted | None:
    """Take what plain Git did to jobs (a `git revert`, an `rm`) for a revert of them, and bring their segments back.

    Args:
        repository: the library.
        reason: why, for the record; None for the commits that did it.

    Returns:
        What was committed; None when plain Git has removed nothing.

    Raises:
        GitError: the history is cut off, so it does not show what was removed.
    """

    def choose(contents: Contents) -> _Choice:
        gone = {departure.job: departure for departure in removed_segments(repository, contents)}
        by = {departure.by.id: f"{departure.by.id[:12]} ({departure.by.subject})" for departure in gone.values()}
        return _Choice(tuple(gone), gone, reason or f"removed by plain Git, in {', '.join(by.values())}")

    return _commit(repository, choose, reason)


class _Choice(Struct, frozen=True):
    """Which jobs are to be reverted, where the segments of some of them went, and why."""

    jobs: tuple[str, ...]
    gone: Mapping[str, Departure]
    reason: str | None


def _commit(repository: Repository, choose: Callable[[Contents], _Choice], reason: str | None) -> Reverted | None:
    require_reason(reason)
    made = secrets.token_hex(8)

    def decide(contents: Contents) -> Decision[Header] | Instead[None]:
        choice = choose(contents)
        if not choice.jobs:
            return Instead(None)
        header = Header(
            id=made,
            kind="revert",
            finished=utc_text(time.time()),
            author=repository.identity(),
            reverts=choice.jobs,
            reason=choice.reason,
        )
        back = [choice.gone[job] for job in choice.jobs if job in choice.gone]
        change = Change(
            added=(*(_segment(contents, departure) for departure in back), Segment(header)),
            files={path: blob for departure in back for path, blob in _files(repository, departure).items()},
        )
        return Decision(header, change, lambda folded: _message(contents, header, folded))

    done = decide_and_commit(repository, decide)
    if done is None:
        return None
    return Reverted(
        job=made,
        commit=done.committed.commit,
        reverted=done.about.reverts,
        restored=len(done.folded.entered),
        removed=len(done.folded.left),
        left_alone=done.committed.left_alone,
    )


def _files(repository: Repository, departure: Departure) -> dict[str, bytes | Blob | None]:
    """A segment that comes back, with the signatures that came with it."""
    with repository.snapshot(departure.added) as then:
        signatures = {path: Blob(FILE_MODE, entry.oid) for path, entry in signature_files(then, departure.job)}
    return {departure.path: Blob(FILE_MODE, departure.original), **signatures}


def _segment(contents: Contents, departure: Departure) -> Segment:
    content = contents.snapshot.blob(departure.path, departure.original)
    return read_segment(lines_of(content, departure.path), departure.path)


def _resolve(contents: Contents, gone: Collection[str], job: str) -> str:
    found = [*contents.outlines.beginning(job), *(name for name in gone if job and name.startswith(job))]
    if len(found) != 1:
        what = "several jobs begin" if found else "no job begins"
        raise JobError(f"{what} with {job!r}", hint="tvmgitlib log shows them.")
    by = contents.standing.reverted.get(found[0])
    if by is not None:
        raise JobError(f"job {found[0]} is reverted already, by job {by}", hint=f"tvmgitlib revert {by} undoes that.")
    return found[0]


def _message(contents: Contents, header: Header, folded: Folded) -> str:
    ids = header.reverts
    told = contents.outlines.told(ids[0])
    kind = f" ({told.kind})" if told is not None else ""
    subject = f"Revert job {ids[0]}{kind}" if len(ids) == 1 else f"Revert {plural(len(ids), 'job')}"
    body = [*([header.reason] if header.reason else []), in_and_out(folded)]
    trailers = {"Tvmgitlib-Job": header.id, "Tvmgitlib-Kind": "revert", "Tvmgitlib-Reverts": " ".join(ids)}
    return message(subject, body, trailers)
