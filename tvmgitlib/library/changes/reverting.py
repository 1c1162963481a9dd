"""Taking jobs out of the fold, and back in: a job of kind `revert`, never a deletion."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tvmgitlib.errors import JobError
from tvmgitlib.library.changes.change import Change
from tvmgitlib.library.changes.decision import Decision, decide_and_commit
from tvmgitlib.library.changes.folded import Folded
from tvmgitlib.library.changes.messages import in_and_out, message, plural
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import Header, Segment, utc_text
from tvmgitlib.store import Repository


@dataclass(frozen=True, slots=True)
class Reverted:
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
    """Commit a revert of some jobs.

    Args:
        repository: the library.
        jobs: ids, or the beginnings of ids.
        reason: why, for the record.

    Raises:
        JobError: a job is unknown, ambiguous, or reverted already.
    """
    made = secrets.token_hex(8)

    def decide(contents: Contents) -> Decision[Header]:
        header = Header(
            id=made,
            kind="revert",
            finished=utc_text(time.time()),
            author=repository.identity(),
            reverts=tuple(dict.fromkeys(_resolve(contents, job) for job in jobs)),
            reason=reason,
        )
        change = Change(added=(Segment(header),))
        return Decision(header, change, lambda folded: _message(contents, header, folded))

    done = decide_and_commit(repository, decide)
    return Reverted(
        job=made,
        commit=done.committed.commit,
        reverted=done.about.reverts,
        restored=len(done.folded.entered),
        removed=len(done.folded.left),
        left_alone=done.committed.left_alone,
    )


def _resolve(contents: Contents, job: str) -> str:
    found = [segment.header.id for segment in contents.outlines if job and segment.header.id.startswith(job)]
    if len(found) != 1:
        what = "several jobs begin" if found else "no job begins"
        raise JobError(f"{what} with {job!r}", hint="tvmgitlib log shows them.")
    by = contents.standing.reverted.get(found[0])
    if by is not None:
        raise JobError(f"job {found[0]} is reverted already, by job {by}", hint=f"tvmgitlib revert {by} undoes that.")
    return found[0]


def _message(contents: Contents, header: Header, folded: Folded) -> str:
    kinds = {segment.header.id: segment.header.kind for segment in contents.outlines}
    ids = header.reverts
    subject = f"Revert job {ids[0]} ({kinds[ids[0]]})" if len(ids) == 1 else f"Revert {plural(len(ids), 'job')}"
    body = [*([header.reason] if header.reason else []), in_and_out(folded)]
    trailers = {"Tvmgitlib-Job": header.id, "Tvmgitlib-Kind": "revert", "Tvmgitlib-Reverts": " ".join(ids)}
    return message(subject, body, trailers)
