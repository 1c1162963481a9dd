"""The library's history: which commit added which job."""

from __future__ import annotations

from collections.abc import Iterator

from tvmgitlib.library.contents import Contents
from tvmgitlib.library.results import LogEntry
from tvmgitlib.model.job import is_job_id
from tvmgitlib.store.history import commits_touching
from tvmgitlib.store.repository import Repository


def log(repository: Repository, contents: Contents) -> Iterator[LogEntry]:
    """The jobs of the library, newest commit first. A job whose segment was removed since is left out."""
    outlines = {segment.header.id: segment for segment in contents.outlines}
    for commit in commits_touching(repository, contents.snapshot.commit, "jobs"):
        for delta in commit.deltas:
            job = delta.path.rpartition("/")[2].removesuffix(".jsonl")
            segment = outlines.pop(job, None) if delta.status == "A" and is_job_id(job) else None
            if segment is None:
                continue
            yield LogEntry(
                job=job,
                kind=segment.header.kind,
                commit=commit.id,
                date=commit.date,
                author=commit.author,
                subject=commit.subject,
                trials=sum(entry.task.effort.trials for entry in segment.tasks),
                workloads=len(segment.tasks),
                reverted=contents.standing.reverted.get(job),
            )
