"""Whole tuning histories, for those who ask for them: the logs of a job, outside the branch, so that clones stay small.

A history is written before the job is committed: a job that is acknowledged has its history. It is read only as far as
the job's header says the same of it (size and SHA-256 of every log), wherever it was fetched from.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tvmgitlib.errors import LibraryError, SelectionError
from tvmgitlib.library.changes import Synced, message
from tvmgitlib.library.jobs.files.opening import open_log
from tvmgitlib.library.jobs.logs import Log
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.jobs.recorded import read_job
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import Header, Place, Segment, TuningRecord, TvmVersion
from tvmgitlib.store import (
    HISTORY,
    Repository,
    fetch_histories,
    histories,
    push_histories,
    write_history,
)

_COPY = 1 << 20


def keep(repository: Repository, job: str, logs: Iterable[Log]) -> None:
    """Keep the logs of a job, as far as they count, in a commit under `refs/tvmgitlib/history/<job>`.

    Raises:
        GitError: Git cannot write.
    """
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-", dir=_folder(repository)) as scratch:
        files: dict[str, Path] = {}
        for log in logs:
            for source, path in zip(log.sources, log.files, strict=True):
                files[source.name] = _copy(path, source.size, Path(scratch, str(len(files))))
        words = message(f"Keep the logs of job {job}", [], {"Tvmgitlib-Job": job})
        write_history(repository, job, words, files)


def _folder(repository: Repository) -> Path:
    repository.state.mkdir(parents=True, exist_ok=True)
    return repository.state


def _copy(path: Path, size: int, to: Path) -> Path:
    """The first bytes of a log: what was surveyed, without a line that was cut off or written since."""
    with open_log(path) as source, to.open("wb") as copy:
        shutil.copyfileobj(source, copy, _COPY)
        copy.truncate(size)
    return to


def history_of(repository: Repository, header: Header) -> list[TuningRecord]:
    """Every trial of a job that kept its history.

    Raises:
        SelectionError: its history is not here.
        LibraryError: what is here is not what the job was made from.
    """
    commit = histories(repository).get(header.id)
    if commit is None:
        raise SelectionError(
            f"the history of job {header.id} is not here",
            hint="Only jobs started with --keep-history have one; tvmgitlib sync --history fetches others'.",
        )
    return list(read_history(repository, header, commit))


def read_history(repository: Repository, header: Header, commit: str) -> Iterator[TuningRecord]:
    """The records of a kept history: every trial of the job, failures too, in the order of its logs.

    Args:
        repository: where.
        header: the job's own, from the branch.
        commit: the commit that holds the logs.

    Raises:
        LibraryError: it is not what the job was made from.
    """
    hashes = {source.name: source.sha256 for source in header.sources}
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-") as scratch:
        earlier = {source.name: source.start for source in header.sources}
        job = OpenJob(header.id, Path(scratch), started="", author="", after=earlier)
        job.work_dir.mkdir()
        with repository.snapshot(commit) as snapshot:
            for file in job.log_files:
                name = file.relative_to(job.folder).as_posix()
                content = snapshot.read(name)
                if hashlib.sha256(content or b"").hexdigest() != hashes.get(name, _EMPTY):
                    raise LibraryError(
                        f"{name} is not the log that job {header.id} was made from",
                        file=HISTORY + header.id,
                        hint=f"Drop it with git update-ref -d {HISTORY}{header.id}, and fetch it from elsewhere.",
                    )
                if content is not None:
                    file.write_bytes(content)
        yield from read_job(job)


_EMPTY = hashlib.sha256(b"").hexdigest()


def kept_records(
    repository: Repository,
    contents: Contents,
    place: Place,
    tvm: TvmVersion | None = None,
    *,
    other_targets: bool = False,
) -> Iterator[TuningRecord]:
    """What kept histories of jobs that count say of a workload.

    Args:
        repository: where.
        contents: the committed jobs.
        place: the workload.
        tvm: only what was measured with this TVM (its distribution and minor version).
        other_targets: of other targets and platforms too.
    """
    kept = histories(repository)
    for job, commit in sorted(kept.items()):
        segment = contents.outlines.get(job)
        if segment is None or not contents.standing.counts(job):
            continue
        spellings = _spellings(segment, place, other_targets)
        if not spellings:
            continue
        for record in read_history(repository, segment.header, commit):
            if (
                record.workload == place.workload
                and record.target.text in spellings
                and (tvm is None or _tuned_with(segment.header, record).is_like(tvm))
            ):
                yield record


def _spellings(segment: Segment, place: Place, other_targets: bool) -> set[str]:
    """The target texts of a job's records for a workload: each stands for one target on one platform."""
    return {
        text
        for entry in segment.tasks
        if entry.task.place.answers(place) or (other_targets and entry.task.workload == place.workload)
        for text in entry.task.section.given
    }


def _tuned_with(header: Header, record: TuningRecord) -> TvmVersion:
    return header.tvm if header.tvm.version else TvmVersion(None, record.tvm_version)


def exchange(repository: Repository, contents: Contents, done: Synced) -> Synced:
    """After the branch, also send and fetch the histories of its jobs.

    Raises:
        GitError: the remote cannot be reached, or refuses.
    """
    jobs = contents.outlines.ids
    sent = push_histories(repository, done.remote, jobs)
    received = fetch_histories(repository, done.remote, jobs)
    return replace(done, histories_sent=sent, histories_received=received)
