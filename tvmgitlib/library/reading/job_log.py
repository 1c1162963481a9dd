"""The library's history: which commit added which job."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.doubts import Signatures
from tvmgitlib.library.reading.results import SignedBy
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import job_at
from tvmgitlib.store import Repository, commits_touching, history_cuts

_log = logging.getLogger("tvmgitlib")


class LogEntry(Struct, frozen=True):
    """A job in the library's history.

    Attributes:
        job: its id.
        kind: what it is.
        commit: the commit that added it; None where that is not in this (shallow) clone, like the next three.
        date: the commit's author date, ISO 8601 with offset.
        author: the commit's author.
        subject: the first line of the commit's message.
        reverted: the revert that takes it out; None while it counts.
        signers: who signed it.
    """

    job: str
    kind: str
    commit: str | None
    date: str | None
    author: str | None
    subject: str | None
    trials: int
    workloads: int
    reverted: str | None
    signers: tuple[SignedBy, ...] = ()

    def __repr__(self) -> str:
        taken_out = f" (reverted by {self.reverted})" if self.reverted else ""
        return f"<LogEntry {self.job} of {(self.date or '?')[:10]}: {self.subject or self.kind}{taken_out}>"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"signers": [signer.to_json() for signer in self.signers]}


def log(
    repository: Repository, contents: Contents, selection: Selection | None = None, tuner: str | None = None
) -> Generator[LogEntry]:
    """The jobs of the library, newest commit first. A job whose segment was removed since is left out.

    Whoever stops early has not waited for the rest of the history.

    In a shallow clone the commit at which history is cut off has all that is older: whose it is, nobody knows there.

    Args:
        repository: the library's repository.
        contents: the library in the newest commit.
        selection: only jobs with a task of it; a revert or invalidation, which has none, is not selected.
        tuner: only jobs of this tuner.
    """
    wanted = None if selection is None or selection == Selection() else _selected(contents, selection)
    yield from entries(repository, contents, wanted, tuner)


def entries(
    repository: Repository, contents: Contents, wanted: set[str] | None, tuner: str | None = None
) -> Generator[LogEntry]:
    """What the history says of some jobs, newest commit first, see `log`; None for every job."""
    left = len(contents.outlines) if wanted is None else len(wanted)
    seen: set[str] = set()
    cuts = history_cuts(repository, contents.snapshot.commit)
    if cuts:
        _log.warning(
            "history is cut off at %s (a shallow clone): who added the jobs that are older is not known here; "
            "git fetch --unshallow brings the rest of it",
            ", ".join(cut[:12] for cut in cuts),
        )
    with Signatures(contents) as signatures:
        for commit in commits_touching(repository, contents.snapshot.commit, "jobs"):
            if len(seen) == left:
                return
            for delta in commit.deltas:
                job = job_at(delta.path) if delta.status == "A" else None
                if job is None or job in seen or (wanted is not None and job not in wanted):
                    continue
                told = contents.outlines.told(job)
                if told is None:
                    continue
                seen.add(job)
                if tuner not in (None, told.tuner):
                    continue
                known = commit.id not in cuts
                yield LogEntry(
                    job=job,
                    kind=told.kind,
                    commit=commit.id if known else None,
                    date=commit.date if known else None,
                    author=commit.author if known else None,
                    subject=commit.subject if known else None,
                    trials=told.trials,
                    workloads=told.tasks,
                    reverted=contents.standing.reverted.get(job),
                    signers=signatures.of(job),
                )


def _selected(contents: Contents, selection: Selection) -> set[str]:
    """The jobs that have a task of what is selected."""
    return {
        segment.header.id
        for segment in contents.outlines.having(selection.narrowing)
        if any(selection.matches(entry.task.place) for entry in segment.tasks)
    }
