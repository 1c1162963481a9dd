"""Finishing a job: from its logs to one commit. A live job and an import differ only in where the header comes from."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tvmgitlib.errors import RecordError
from tvmgitlib.library.changes import (
    Change,
    Counts,
    Decision,
    Instead,
    JobResult,
    decide_and_commit,
    job_message,
    plural,
)
from tvmgitlib.library.jobs import kept_history
from tvmgitlib.library.jobs.files.gathering import gathered
from tvmgitlib.library.jobs.intake import Intake, OnlyTargets, Origin
from tvmgitlib.library.jobs.logs import Leniency, Log, read_log, survey
from tvmgitlib.library.jobs.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.jobs.overlap import overlap
from tvmgitlib.library.platforms.naming import THIS
from tvmgitlib.library.reading import Contents, workload_label
from tvmgitlib.model import (
    FORMAT,
    SEGMENT_RECORDS,
    FamilyName,
    GivenTarget,
    Header,
    JobSpec,
    Platform,
    Segment,
    Source,
    TvmVersion,
    canonical_json,
    utc_text,
)
from tvmgitlib.store import Repository

#: How many targets are named where records of others were found.
_MOST_TARGETS = 5


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What an import was asked to do.

    Attributes:
        paths: log files, folders of logs (a MetaSchedule database is one), and `STANDARD_INPUT`.
        spec: what the user says of their records.
        family: the only family allowed; None for any.
        leniency: what to do with malformed lines.
        only: the targets whose records are taken, and those of others counted; none for all.
    """

    paths: Sequence[Path]
    spec: JobSpec
    family: FamilyName | None = None
    leniency: Leniency = field(default_factory=Leniency)
    only: tuple[GivenTarget, ...] = ()

    @property
    def origin(self) -> Origin:
        """What is known of all records."""
        return Origin.of(self.spec)


def import_logs(repository: Repository, request: ImportRequest) -> JobResult:
    """Import finished logs as one job.

    Raises:
        TvmgitlibError: anything malformed; then nothing is committed.
    """
    with gathered(request.paths) as found:
        result = _import(repository, request, found.logs)
    left_out = tuple(map(found.named, result.left_out))
    return replace(result, left_out=left_out, no_logs=found.no_logs)


def _import(repository: Repository, request: ImportRequest, paths: Sequence[Path]) -> JobResult:
    with repository.snapshot(repository.head) as snapshot:
        contents = Contents(snapshot)
        keep = contents.settings.keep
        known = list(_earlier_sources(contents, request))
        surveyed = _once([survey(path, request.leniency, known) for path in paths])
        beside = Beside(copies=len(paths) - len(surveyed))
        # The order of the arguments must not show: the same import is the same bytes.
        logs = sorted(surveyed, key=lambda log: log.sources[0].sha256)
        sources = _sources(logs)
        job = import_id(sources, request, keep)
        if contents.has_job(job):
            return beside.told(_already(contents, job))
        intake = Intake(request.origin, keep)
        only = OnlyTargets(request.only) if request.only else None
        _read(logs, intake, request.leniency, beside, request.family, only)
        if intake.read == 0:
            if any(log.sources[0].start for log in logs):
                return beside.told(JobResult(None, None, Counts()))
            raise _no_record(logs, beside)
        if intake.detected:  # on another machine the same logs are another job
            job = import_id(sources, request, keep, intake.detected)
            if contents.has_job(job):
                return beside.told(_already(contents, job))
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
        shared = overlap(contents, segment, keep)
        if shared.everything:
            nothing_new = Counts(read=counts.read, duplicates=counts.read, workloads=counts.workloads)
            return beside.told(JobResult(None, None, nothing_new, known=shared.by_job))
    result = _commit(repository, segment, counts)
    detected = tuple(platform.name for platform in intake.detected)
    named = request.spec.platform or (THIS if request.spec.where == "here" else None)
    overruled = _overruled(segment, named, detected)
    return beside.told(replace(result, known=shared.by_job, detected=detected, overruled=overruled))


def finish_job(repository: Repository, jobs: OpenJobs, job: OpenJob) -> JobResult:
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
        invalidations = job.refused()
        if not logs and not invalidations:
            raise RecordError(
                "the job has logged nothing yet",
                file=str(job.log),
                hint=f"Let a tuner log into that file (MetaSchedule: into {job.work_dir}), or tvmgitlib job abort.",
            )
        intake, beside = Intake(Origin.of(job.spec), contents.settings.keep), Beside()
        _read(logs, intake, leniency, beside)
    if intake.read == 0 and not invalidations:
        raise _no_record(logs, beside)
    header = Header(
        id=job.id,
        kind=job.spec.kind,
        started=job.started,
        finished=_now(),
        author=job.author,
        tuner=job.spec.tuner,
        options=job.spec.options,
        tvm=job.spec.tvm or TvmVersion(),
        sources=_sources(logs),
    )
    segment, counts = intake.segment(header, job.exhausted(), job.baselines(), invalidations)
    if job.spec.keep_history:
        kept_history.keep(repository, job.id, logs)
    result = _commit(repository, segment, counts)
    jobs.remove(job)
    return beside.told(replace(result, overruled=_overruled(segment, job.spec.platform)))


@dataclass(slots=True)
class Beside:
    """What became of logs beside the records that were taken in.

    Attributes:
        left_out: lines that were left out, in words.
        copies: how many logs repeated another one.
        other_targets: records of targets that were not asked for, by the target's label.
    """

    left_out: list[str] = field(default_factory=list)
    copies: int = 0
    other_targets: Counter[str] = field(default_factory=Counter)

    def told(self, result: JobResult) -> JobResult:
        """A result that says so."""
        others = dict(sorted(self.other_targets.items()))
        return replace(result, left_out=tuple(self.left_out), copies=self.copies, other_targets=others)


def _read(
    logs: Iterable[Log],
    intake: Intake,
    leniency: Leniency,
    beside: Beside,
    family: FamilyName | None = None,
    only: OnlyTargets | None = None,
) -> None:
    """Take the records of logs in."""
    for log in logs:
        records = read_log(log, leniency, beside.left_out, family)
        intake.extend(str(log.path), only.of(records, beside.other_targets) if only else records)
        beside.left_out += log.torn


def _no_record(logs: Sequence[Log], beside: Beside) -> RecordError:
    hint = None
    if beside.other_targets:
        count, targets = plural(beside.other_targets.total(), "record"), beside.other_targets.most_common(_MOST_TARGETS)
        hint = f"It holds {count} of other targets: {', '.join(f'{label} ({of:,})' for label, of in targets)}."
        return RecordError("there is no record of the targets asked for", file=_files(logs), hint=hint)
    if beside.left_out:
        hint = f"{plural(len(beside.left_out), 'line')} of it left out, such as {beside.left_out[0]}"
    return RecordError("there is no tuning record in it", file=_files(logs), hint=hint)


def _files(logs: Sequence[Log]) -> str:
    return ", ".join(str(log.path) for log in logs)


def import_id(sources: Sequence[Source], request: ImportRequest, keep: int, detected: Sequence[Platform] = ()) -> str:
    """The id of an import: the same logs with the same options are the same job, whoever imports them.

    Where a platform had to be detected, it is a part of what was imported.
    """
    identity = {
        "format": FORMAT,
        "sources": sorted([source.sha256, source.start] for source in sources),
        "options": _options(request),
        "tvm": request.origin.tvm.to_json() if request.origin.tvm else None,
        "records": max(keep, SEGMENT_RECORDS),
    }
    if detected:
        identity["detected"] = [[platform.name, platform.facts] for platform in detected]
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]


def _options(request: ImportRequest) -> dict[str, object]:
    """What an import was told that bears on its records; the TVM is a field of its own in the header."""
    told = {
        "platform": request.origin.platform,
        "facts": dict(request.origin.facts) or None,
        "target": request.origin.target.key if request.origin.target else None,
        "family": request.family,
        "skip_invalid": request.leniency.skip_invalid or None,
        "only_target": sorted(given.text for given in request.only) or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _sources(logs: Iterable[Log]) -> tuple[Source, ...]:
    return tuple(sorted((source for log in logs for source in log.sources), key=lambda source: source.sha256))


def _once(logs: Iterable[Log]) -> list[Log]:
    """Every log once, also where one is a copy of another."""
    return list({tuple(source.sha256 for source in log.sources): log for log in logs}.values())


def _earlier_sources(contents: Contents, request: ImportRequest) -> Iterator[Source]:
    """The sources of imports that count and that said the same of their records."""
    told = _claims(_options(request))
    for header, _ in contents.headers():
        same = (_claims(header.options), header.tvm) == (told, request.origin.tvm or TvmVersion())
        if header.kind == "import" and same and header.id in contents.standing.counting:
            yield from header.sources


def _claims(options: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(options.get(name) for name in ("platform", "facts", "only_target"))


def _commit(repository: Repository, segment: Segment, counts: Counts) -> JobResult:
    """Add the segment to the branch, wherever its tip is by now."""

    def decide(contents: Contents) -> Decision[None] | Instead[JobResult]:
        if contents.has_job(segment.header.id):
            return Instead(_already(contents, segment.header.id))
        change = Change(added=(segment,))
        return Decision(None, change, lambda folded: job_message(segment, replace(counts, improved=folded.improved)))

    done = decide_and_commit(repository, decide)
    if isinstance(done, JobResult):
        return done
    failed = tuple(
        f"{entry.task.section.platform.name}, {entry.task.section.target.label}: {workload_label(entry.task.workload)}"
        for entry in segment.tasks
        if entry.task.effort.failed == entry.task.effort.trials
    )
    return JobResult(
        segment.header.id,
        done.committed.commit,
        replace(counts, improved=done.folded.improved),
        platforms=_platforms(segment),
        all_failed=failed,
        left_alone=done.committed.left_alone,
    )


def _already(contents: Contents, job: str) -> JobResult:
    """The answer for a job that the library has."""
    segment = next(segment for segment in contents.outlines if segment.header.id == job)
    read = sum(entry.task.effort.trials for entry in segment.tasks)
    counts = Counts(read=read, duplicates=read, workloads=len(segment.tasks))
    reverted = contents.standing.reverted.get(job)
    return JobResult(job, None, counts, already=True, reverted=reverted, platforms=_platforms(segment))


def _overruled(segment: Segment, named: str | None, detected: Sequence[str] = ()) -> dict[str, int]:
    """The platforms that targets name in place of the one that the user names, and how many trials they have."""
    if named is None:
        return {}
    trials: Counter[str] = Counter()
    for entry in segment.tasks:
        name = entry.task.section.platform.name
        if name != named and name not in detected:
            trials[name] += entry.task.effort.trials
    return dict(sorted(trials.items()))


def _platforms(segment: Segment) -> tuple[str, ...]:
    return tuple(sorted({entry.task.section.platform.name for entry in segment.tasks}))


def _now() -> str:
    return utc_text(time.time())
