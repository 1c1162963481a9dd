"""Whole tuning histories, for those who ask for them: the logs of a job, outside the branch, so that clones stay small.

A history is written before the job is committed: a job that is acknowledged has its history. It is read only as far as
the job's header says the same of it (size and SHA-256 of every log), wherever it was fetched from.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from tvmgitlib.library.changes import Synced, message
from tvmgitlib.library.jobs.files.opening import open_log
from tvmgitlib.library.jobs.intake import OnlyTargets
from tvmgitlib.library.jobs.logs import Leniency, Log, Remarks, read_runs, survey
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.jobs.recorded import read_job
from tvmgitlib.library.jobs.upgrading import Upgrading
from tvmgitlib.library.reading import Contents, Trust, is_exact
from tvmgitlib.model import (
    Header,
    Json,
    LibraryError,
    Place,
    SelectionError,
    Source,
    Task,
    TuningRecord,
    TvmVersion,
    parse_target,
)
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
    _keep(repository, job, (place for log in logs for place in zip(_names(log), log.sources, log.files, strict=True)))


def keep_imported(repository: Repository, job: str, logs: Iterable[Log]) -> None:
    """The same for the logs of an import, which may have one name: each stands in a folder called by its hash.

    Raises:
        GitError: Git cannot write.
    """
    if job in histories(repository):
        return
    places = (
        (f"{_folder_of(log.sources[0])}/{path.name}", source, path)
        for log in logs
        for source, path in zip(log.sources, log.files, strict=True)
    )
    _keep(repository, job, places)


def _names(log: Log) -> Iterator[str]:
    return (source.name for source in log.sources)


def _folder_of(records: Source) -> str:
    return records.sha256[:16]


def _keep(repository: Repository, job: str, places: Iterable[tuple[str, Source, Path]]) -> None:
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-", dir=_folder(repository)) as scratch:
        files: dict[str, Path] = {}
        for name, source, path in places:
            files[name] = _copy(path, source.size, Path(scratch, str(len(files))))
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
            hint="Only jobs and imports with --keep-history have one; tvmgitlib sync --history fetches others'.",
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
    if header.kind == "import":
        yield from _read_imported(repository, header, commit)
        return
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
                    raise _is_another(header, name)
                if content is not None:
                    file.write_bytes(content)
        yield from read_job(job)


def _read_imported(repository: Repository, header: Header, commit: str) -> Iterator[TuningRecord]:
    """The records of an import's logs, read as the import was told to read them."""
    told = header.options
    leniency = Leniency(skip_invalid=bool(told.get("skip_invalid")))
    family = told.get("family")
    targets = OnlyTargets.of_any([parse_target(text) for text in told.get("only_target") or ()])
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-") as scratch:
        for source, folder in _unpacked(repository, header, commit, Path(scratch)):
            log = survey(folder, leniency)
            counted = replace(log, sources=(replace(log.sources[0], start=source.start), *log.sources[1:]))
            upgrading = Upgrading() if told.get("upgrade") else None
            only = family if isinstance(family, str) else None
            runs = read_runs(counted, leniency, Remarks(), only, upgrading)
            for _, records in targets.of(runs, Counter()) if targets else runs:
                yield from records


def _unpacked(repository: Repository, header: Header, commit: str, scratch: Path) -> list[tuple[Source, Path]]:
    """The logs of an import: the source of each one's records, and the file or folder that it is, below a folder.

    Raises:
        LibraryError: they are not those that the job was made from.
    """
    missing = {source.sha256: source for source in header.sources}
    logs = []
    with repository.snapshot(commit) as snapshot:
        for source in header.sources:
            files = [(path, snapshot.read(path) or b"") for path, _ in snapshot.files(_folder_of(source))]
            for path, content in files:
                if missing.pop(hashlib.sha256(content).hexdigest(), None) is None:
                    raise _is_another(header, path)
                file = scratch / path
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(content)
            if files:
                logs.append((source, scratch / (files[0][0] if len(files) == 1 else _folder_of(source))))
    for source in missing.values():
        raise _is_another(header, source.name)
    return logs


def _is_another(header: Header, name: str) -> LibraryError:
    return LibraryError(
        f"{name} is not the log that job {header.id} was made from",
        file=HISTORY + header.id,
        hint=f"Drop it with git update-ref -d {HISTORY}{header.id}, and fetch it from elsewhere.",
    )


_EMPTY = hashlib.sha256(b"").hexdigest()


def kept_records(
    repository: Repository,
    contents: Contents,
    place: Place,
    tvm: TvmVersion | None = None,
    facts: Mapping[str, Json] | None = None,
    *,
    other_targets: bool = False,
) -> Iterator[TuningRecord]:
    """What kept histories of jobs that count, and are trusted, say of a workload.

    Args:
        repository: where.
        contents: the committed jobs.
        place: the workload.
        tvm: only what holds for this TVM by the library's policy; None for all.
        facts: the platform facts of the machine at hand, for that policy.
        other_targets: of other targets and platforms too.
    """
    kept, trust = histories(repository), Trust(contents)
    for job, commit in sorted(kept.items()):
        segment = contents.outlines.get(job)
        if segment is None or not trust.counts(job):
            continue
        tasks = [entry.task for entry in segment.tasks]
        if tvm is not None:
            finished = segment.header.finished
            tasks = [task for task in tasks if is_exact(contents, task.section, finished, tvm, facts)]
        spellings = _spellings(tasks, place, other_targets)
        if not spellings:
            continue
        versions = {task.section.tuned_with.minor for task in tasks}
        for record in read_history(repository, segment.header, commit):
            if (
                record.workload == place.workload
                and record.target.text in spellings
                and (tvm is None or _tuned_with(segment.header, record).minor in versions)
            ):
                yield record


def _spellings(tasks: Iterable[Task], place: Place, other_targets: bool) -> set[str]:
    """The target texts of a job's records for a workload: each stands for one target on one platform."""
    return {
        text
        for task in tasks
        if task.place.answers(place) or (other_targets and task.workload == place.workload)
        for text in task.section.given
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
