"""The library's history: which commit added which job."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.results import LogEntry
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import Segment, job_at
from tvmgitlib.store import Repository, commits_touching, history_cuts

_log = logging.getLogger("tvmgitlib")


def log(
    repository: Repository, contents: Contents, selection: Selection | None = None, tuner: str | None = None
) -> Iterator[LogEntry]:
    """The jobs of the library, newest commit first. A job whose segment was removed since is left out.

    In a shallow clone the commit at which history is cut off has all that is older: whose it is, nobody knows there.

    Args:
        repository: the library's repository.
        contents: the library in the newest commit.
        selection: only jobs with a task of it; a revert or invalidation, which has none, is not selected.
        tuner: only jobs of this tuner.
    """
    outlines = {
        segment.header.id: segment
        for segment in contents.outlines
        if tuner in (None, segment.header.tuner) and (selection is None or _touches(segment, selection))
    }
    cuts = history_cuts(repository, contents.snapshot.commit)
    if cuts:
        _log.warning(
            "history is cut off at %s (a shallow clone): who added the jobs that are older is not known here; "
            "git fetch --unshallow brings the rest of it",
            ", ".join(cut[:12] for cut in cuts),
        )
    for commit in commits_touching(repository, contents.snapshot.commit, "jobs"):
        for delta in commit.deltas:
            job = job_at(delta.path) if delta.status == "A" else None
            segment = outlines.pop(job, None) if job is not None else None
            if segment is None:
                continue
            known = commit.id not in cuts
            yield LogEntry(
                job=segment.header.id,
                kind=segment.header.kind,
                commit=commit.id if known else None,
                date=commit.date if known else None,
                author=commit.author if known else None,
                subject=commit.subject if known else None,
                trials=sum(entry.task.effort.trials for entry in segment.tasks),
                workloads=len(segment.tasks),
                reverted=contents.standing.reverted.get(segment.header.id),
            )


def _touches(segment: Segment, selection: Selection) -> bool:
    return selection == Selection() or any(selection.matches(entry.task.place) for entry in segment.tasks)
