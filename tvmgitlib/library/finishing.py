"""Finishing a job: from its logs to one commit. A live job and an import differ only in where the header comes from."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tvmgitlib.errors import RecordError
from tvmgitlib.library import kept_history
from tvmgitlib.library.changing import Change, draft_change, fold_change
from tvmgitlib.library.contents import Contents
from tvmgitlib.library.intake import Counts, Intake, Origin, utc_text
from tvmgitlib.library.logs import LeftOut, Leniency, Log, read_log, survey
from tvmgitlib.library.messages import job_message
from tvmgitlib.library.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.results import JobResult
from tvmgitlib.model.job import SEGMENT_RECORDS, Effort, Header, Section, Source, Task
from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.settings import FORMAT
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName
from tvmgitlib.rules.effort import is_known, union
from tvmgitlib.rules.segment import Segment
from tvmgitlib.store.repository import Draft, Repository
from tvmgitlib.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What an import was asked to do.

    Attributes:
        paths: log files and MetaSchedule folders.
        origin: what the user says of their records.
        family: the only family allowed; None for any.
        leniency: what to do with malformed lines.
    """

    paths: Sequence[Path]
    origin: Origin
    family: FamilyName | None = None
    leniency: Leniency = field(default_factory=Leniency)


def import_logs(repository: Repository, request: ImportRequest) -> JobResult:
    """Import finished logs as one job.

    Raises:
        TvmgitlibError: anything malformed; then nothing is committed.
    """
    with repository.snapshot(repository.head) as snapshot:
        contents = Contents(snapshot)
        keep = contents.settings.keep
        known = [source for header, _ in contents.headers() if _counts(contents, header) for source in header.sources]
        logs = [survey(path, request.leniency, known) for path in request.paths]
        sources = _sources(logs)
        job = import_id(sources, request, keep)
        if contents.has_job(job):
            return _already(contents, job)
        intake, left_out = Intake(request.origin, keep), LeftOut()
        for log in logs:
            intake.extend(read_log(log, request.leniency, left_out, request.family))
        started, finished = intake.measured
        header = Header(
            id=job,
            kind="import",
            started=started,
            finished=finished,
            options=_options(request),
            tvm=request.origin.tvm or TvmVersion(),
            sources=sources,
        )
        segment, counts = intake.segment(header)
        overlap = _overlap(contents, segment)
        if overlap.everything:
            nothing_new = Counts(read=counts.read, duplicates=counts.read, workloads=counts.workloads)
            return JobResult(None, None, nothing_new, known=overlap.by_job, left_out=_words(left_out))
    result = _commit(repository, segment, counts)
    return replace(result, known=overlap.by_job, left_out=_words(left_out))


def finish_job(repository: Repository, jobs: OpenJobs, job: OpenJob, *, complete: bool = True) -> JobResult:
    """Commit what a live job has logged, and forget the job.

    A last line that was cut off (the tuner was killed while writing it) is left out, and the result says so.

    Raises:
        RecordError: the job has logged nothing, or something malformed; it stays in progress.
    """
    leniency = Leniency(drop_torn=True)
    with repository.snapshot(repository.head) as snapshot:
        contents = Contents(snapshot)
        if contents.has_job(job.id):  # killed after the commit, before the job was forgotten
            jobs.remove(job)
            return _already(contents, job.id)
        logs = [survey(path, leniency) for path in job.logs()]
        if not logs:
            raise RecordError(
                "the job has logged nothing yet",
                file=str(job.log),
                hint=f"Let a tuner log into that file (MetaSchedule: into {job.work_dir}), or tvmgitlib job abort.",
            )
        intake, left_out = Intake(job.origin, contents.settings.keep), LeftOut()
        for log in logs:
            intake.extend(read_log(log, leniency, left_out))
    header = Header(
        id=job.id,
        kind="tune",
        started=job.started,
        finished=_now(),
        author=job.author,
        tuner=job.tuner,
        options=job.options,
        complete=complete,
        tvm=job.tvm or TvmVersion(),
        sources=_sources(logs),
    )
    segment, counts = intake.segment(header, job.exhausted())
    if job.keep_history:
        kept_history.keep(repository, job.id, logs)
    result = _commit(repository, segment, counts)
    jobs.remove(job)
    return replace(result, left_out=_words(left_out))


def import_id(sources: Sequence[Source], request: ImportRequest, keep: int) -> str:
    """The id of an import: the same logs with the same options are the same job, whoever imports them."""
    identity = {
        "format": FORMAT,
        "sources": sorted([source.sha256, source.start] for source in sources),
        "options": _options(request),
        "tvm": request.origin.tvm.to_json() if request.origin.tvm else None,
        "records": max(keep, SEGMENT_RECORDS),
    }
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]


def _options(request: ImportRequest) -> dict[str, object]:
    """What an import was told that bears on its records; the TVM is a field of its own in the header."""
    told = {
        "platform": request.origin.platform,
        "facts": dict(request.origin.facts) or None,
        "target": request.origin.target.key if request.origin.target else None,
        "family": request.family,
        "skip_invalid": request.leniency.skip_invalid or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _sources(logs: Iterable[Log]) -> tuple[Source, ...]:
    return tuple(sorted((source for log in logs for source in log.sources), key=lambda source: source.sha256))


def _counts(contents: Contents, header: Header) -> bool:
    return header.id in contents.standing.counting


def _commit(repository: Repository, segment: Segment, counts: Counts) -> JobResult:
    """Add the segment to the branch, wherever its tip is by now."""
    done = counts

    def draft(snapshot: Snapshot) -> Draft | None:
        nonlocal done
        contents = Contents(snapshot)
        if contents.has_job(segment.header.id):
            return None
        change = Change(added=(segment,))
        folded = fold_change(contents, change)
        done = replace(counts, improved=folded.improved)
        return draft_change(contents, change, folded, job_message(segment, done))

    made = repository.commit(draft)
    if made is None:
        with repository.snapshot(repository.head) as snapshot:
            return _already(Contents(snapshot), segment.header.id)
    failed = tuple(
        f"{entry.task.section.platform.name}: {entry.task.workload.label}"
        for entry in segment.tasks
        if entry.task.effort.failed == entry.task.effort.trials
    )
    return JobResult(segment.header.id, made.commit, done, all_failed=failed, left_alone=made.left_alone)


def _already(contents: Contents, job: str) -> JobResult:
    """The answer for a job that the library has."""
    tasks = next(segment.tasks for segment in contents.outlines if segment.header.id == job)
    read = sum(entry.task.effort.trials for entry in tasks)
    counts = Counts(read=read, duplicates=read, workloads=len(tasks))
    reverted = contents.standing.reverted.get(job)
    words = (f"job {job} is reverted by job {reverted}: revert that one to bring it back",) if reverted else ()
    return JobResult(job, None, counts, already=True, left_out=words)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """What of a segment is on record: measurements by job, and whether it says nothing new at all."""

    by_job: dict[str, int]
    everything: bool


def _overlap(contents: Contents, segment: Segment) -> _Overlap:
    """Compare an import with the jobs that count.

    A measurement that is on record under another TVM or other facts is known, but saying so is new.
    """
    mine = {(entry.task.section.key, entry.task.workload.text): entry.task for entry in segment.tasks}
    by_job: Counter[str] = Counter()
    same: dict[tuple[tuple[str, str, str], str], list[Effort]] = {}
    for other in contents.outlines:
        if other.header.id not in contents.standing.counting:
            continue
        for entry in other.tasks:
            place = (entry.task.section.key, entry.task.workload.text)
            task = mine.get(place)
            if task is None:
                continue
            shared = len(set(task.effort.sample) & set(entry.task.effort.sample))
            if shared:
                by_job[other.header.id] += shared
            if _same_claim(task.section, entry.task.section):
                same.setdefault(place, []).append(entry.task.effort)
    everything = all(_is_on_record(task, same.get(place, [])) for place, task in mine.items())
    return _Overlap(dict(by_job), everything)


def _same_claim(one: Section, other: Section) -> bool:
    return one.platform == other.platform and one.tuned_with.group == other.tuned_with.group


def _is_on_record(task: Task, efforts: list[Effort]) -> bool:
    return bool(efforts) and is_known(task.effort, union(efforts))


def _words(left_out: LeftOut) -> tuple[str, ...]:
    return (*left_out.torn, *left_out.invalid)


def _now() -> str:
    return utc_text(time.time())
