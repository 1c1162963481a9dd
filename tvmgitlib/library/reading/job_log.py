"""The library's history: which commit added which job."""

from __future__ import annotations

from collections.abc import Iterator

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.results import LogEntry
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import Segment, job_at
from tvmgitlib.store import Repository, commits_touching


def log(
    repository: Repository, contents: Contents, selection: Selection | None = None, tuner: str | None = None
) -> Iterator[LogEntry]:
    """The jobs of the library, newest commit first. A job whose segment was removed since is left out.

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
    for commit in commits_touching(repository, contents.snapshot.commit, "jobs"):
        for delta in commit.deltas:
            job = job_at(delta.path) if delta.status == "A" else None
            segment = outlines.pop(job, None) if job is not None else None
            if segment is None:
                continue
            yield LogEntry(
                job=segment.header.id,
                kind=segment.header.kind,
                commit=commit.id,
                date=commit.date,
                author=commit.author,
                subject=commit.subject,
                trials=sum(entry.task.effort.trials for entry in segment.tasks),
                workloads=len(segment.tasks),
                reverted=contents.standing.reverted.get(segment.header.id),
            )


def _touches(segment: Segment, selection: Selection) -> bool:
    return selection == Selection() or any(selection.matches(entry.task.place) for entry in segment.tasks)
