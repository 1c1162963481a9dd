"""Finishing a job: from its logs to one commit. A live job and an import differ only in where the header comes from."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib.library.changes import (
    Counts,
    Decision,
    Instead,
    JobResult,
    decide_and_commit,
    job_message,
)
from tvmgitlib.library.folding import Change
from tvmgitlib.library.jobs import kept_history
from tvmgitlib.library.jobs.begun import require_begun
from tvmgitlib.library.jobs.files.gathering import gathered
from tvmgitlib.library.jobs.intake import Intake, OnlyTargets, Origin
from tvmgitlib.library.jobs.logs import Leniency, Log, Remarks, read_runs, survey, way_out
from tvmgitlib.library.jobs.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.jobs.overlap import overlap
from tvmgitlib.library.jobs.recorded import without_such_lines
from tvmgitlib.library.jobs.upgrading import Upgrading
from tvmgitlib.library.platforms import THIS
from tvmgitlib.library.reading import Contents, refuse_other_case, workload_label
from tvmgitlib.model import (
    FORMAT,
    SEGMENT_RECORDS,
    FamilyName,
    GivenTarget,
    Header,
    JobSpec,
    Json,
    Platform,
    RecordError,
    Segment,
    Source,
    TvmVersion,
    canonical_json,
    listed,
    plural,
    utc_text,
)
from tvmgitlib.rules.history import TRIALS
from tvmgitlib.store import Repository


class ImportRequest(Struct, frozen=True):
    """What an import was asked to do.

    Attributes:
        paths: log files, folders of logs (a MetaSchedule database is one), and `STANDARD_INPUT`.
        spec: what the user says of their records.
        family: the only family allowed; None for any.
        leniency: what to do with malformed lines.
        only: the targets whose records are taken, and those of others counted; none for all.
        upgrade: whether lines of formats that TVM no longer reads are converted, where rules say what they are today.
    """

    paths: Sequence[Path]
    spec: JobSpec
    family: FamilyName | None = None
    leniency: Leniency = field(default_factory=Leniency)
    only: tuple[GivenTarget, ...] = ()
    upgrade: bool = False

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
        remarks = Remarks(copies=len(paths) - len(surveyed))
        # The order of the arguments must not show: the same import is the same bytes.
        logs = sorted(surveyed, key=lambda log: log.sources[0].sha256)
        sources = _sources(logs)
        names = import_ids(sources, request, keep)
        if (there := next(filter(contents.has_job, names), None)) is not None:
            _keep_history(repository, request, there, logs)
            return _remarked(_already(contents, there), remarks)
        upgrading = Upgrading() if request.upgrade else None
        intake = Intake(request.origin, keep)
        with way_out("--skip-invalid imports the rest without such lines."):
            only = OnlyTargets.of_any(request.only)
            _read(logs, intake, request.leniency, remarks, request.family, only, upgrading)
        if upgrading is not None and not request.leniency.skip_invalid and upgrading.refusal is not None:
            raise upgrading.refusal
        if intake.read == 0:
            if remarks.unmeasured or any(log.sources[0].start for log in logs):
                return _remarked(JobResult(None, None, Counts()), remarks)
            raise _no_record(logs, remarks)
        if intake.detected or intake.ahead:  # on another machine, or at another time, the same logs are another job
            names = import_ids(sources, request, keep, intake.detected, intake.ahead)
            if (there := next(filter(contents.has_job, names), None)) is not None:
                _keep_history(repository, request, there, logs)
                return _remarked(_already(contents, there), remarks)
        started, finished = intake.measured
        header = Header(
            id=names[0],
            kind="import",
            started=started,
            finished=finished,
            options=_options(request) | ({"upgraded": upgrading.count} if upgrading else {}),
            tvm=request.origin.tvm or TvmVersion(),
            sources=sources,
        )
        segment, counts = intake.segment(header)
        shared = overlap(contents, segment, keep)
        if shared.everything:
            nothing_new = Counts(read=counts.read, duplicates=counts.read, workloads=counts.workloads)
            return _remarked(JobResult(None, None, nothing_new, known=shared.by_job), remarks)
    _keep_history(repository, request, header.id, logs)
    result = _commit(repository, segment, counts)
    detected = tuple(platform.name for platform in intake.detected)
    named = request.spec.platform or (THIS if request.spec.where == "here" else None)
    result = replace(
        result,
        known=shared.by_job,
        detected=detected,
        overruled=_overruled(segment, named, detected),
        incomplete=tuple(intake.incomplete),
    )
    if upgrading is not None:
        without_rule = dict(upgrading.without_rule.most_common())
        result = replace(result, upgraded=upgrading.count, without_rule=without_rule)
    return _remarked(result, remarks)


def finish_job(
    repository: Repository,
    jobs: OpenJobs,
    job: OpenJob,
    *,
    platform: str | None = None,
    skip_invalid: bool = False,
) -> JobResult:
    """Commit what a live job has logged. Where its tuner goes on logging, that is another job in progress.

    A last line that was cut off (the tuner was killed while writing it) is left out, and the result says so.

    Args:
        repository: the library.
        jobs: its jobs in progress.
        job: the job.
        platform: the platform's name where neither the job nor a target says it.
        skip_invalid: leave out lines that are malformed or do not belong into the job.

    Raises:
        JobError: it would be signed, and nothing says that it is the user's own.
        RecordError: the job has logged nothing, or something malformed; it stays in progress.
    """
    leniency = Leniency(drop_torn=True, skip_invalid=skip_invalid)
    with repository.snapshot(repository.head) as snapshot:
        contents = Contents(snapshot)
        if contents.has_job(job.id):  # killed after the commit, before the job was forgotten
            return _followed(_already(contents, job.id), jobs, job, contents.find(job.id).header.sources)
        require_begun(repository, job.id)
        logs = [survey(path, leniency).since(job.after) for path in job.logs()]
        invalidations = job.refused()
        if not logs and not invalidations:
            raise RecordError(
                "the job has logged nothing yet",
                file=str(job.log),
                hint=f"Let a tuner log into that file (MetaSchedule: into {job.work_dir}), or tvmgitlib job abort.",
            )
        spec = replace(job.spec, platform=job.spec.platform or platform)
        intake, remarks = Intake(Origin.of(spec), contents.settings.keep), Remarks()
        with way_out(without_such_lines(job)):
            _read(logs, intake, leniency, remarks)
    if intake.read == 0 and not invalidations:
        if not remarks.unmeasured:
            raise _no_record(logs, remarks)
        jobs.remove(job)
        return _remarked(JobResult(None, None, Counts()), remarks)
    header = _header(job, _sources(logs))
    segment, counts = intake.segment(header, job.exhausted(), job.baselines(), job.described(), invalidations)
    if job.spec.keep_history:
        kept_history.keep(repository, job.id, logs)
    result = _commit(repository, segment, counts)
    result = _remarked(replace(result, overruled=_overruled(segment, spec.platform)), remarks)
    return _followed(result, jobs, job, header.sources)


def _header(job: OpenJob, sources: tuple[Source, ...]) -> Header:
    """The header of a job that is finished now."""
    tuner, options = _tuned_by(job)
    if job.spec.key is not None:
        options = {"key": job.spec.key, **options}
    finished = _now()
    return Header(
        id=job.id,
        kind=job.spec.kind,
        started=min(job.started, finished),  # a clock may have been set back meanwhile
        finished=finished,
        author=job.author,
        tuner=tuner,
        options=options,
        tvm=job.spec.tvm or TvmVersion(),
        sources=sources,
    )


def _tuned_by(job: OpenJob) -> tuple[str | None, dict[str, Json]]:
    """The tuner of a job and its options: what the user said, and what its calls were given."""
    calls = job.tuners()
    names = ", ".join(dict.fromkeys(name for name, _ in calls)) or None
    if len(calls) == 1:
        return job.spec.tuner or names, {**calls[0][1], **job.spec.options}
    told: dict[str, Json] = {"calls": [{"tuner": name, **options} for name, options in calls]} if calls else {}
    return job.spec.tuner or names, {**told, **job.spec.options}


def _followed(result: JobResult, jobs: OpenJobs, job: OpenJob, sources: Iterable[Source]) -> JobResult:
    """The result of a job that is committed; what its tuner logs from there on is another one's."""
    held = {**job.after, **{source.name: source.size for source in sources}}
    next_one = jobs.follow(job, held)
    return replace(result, continued=next_one.id if next_one.logs() else None)


def _read(
    logs: Iterable[Log],
    intake: Intake,
    leniency: Leniency,
    remarks: Remarks,
    family: FamilyName | None = None,
    only: OnlyTargets | None = None,
    upgrading: Upgrading | None = None,
) -> None:
    """Take the records of logs in, and say what became of the other lines."""
    for log in logs:
        runs = read_runs(log, leniency, remarks, family, upgrading)
        wanted = only.of(runs, remarks.other_targets) if only else runs
        intake.extend(str(log.path), wanted, remarks, skip_invalid=leniency.skip_invalid)
        remarks.left_out += log.torn


def _keep_history(repository: Repository, request: ImportRequest, job: str, logs: Sequence[Log]) -> None:
    if request.spec.keep_history:
        kept_history.keep_imported(repository, job, logs)


def _remarked(result: JobResult, remarks: Remarks) -> JobResult:
    return replace(
        result,
        left_out=tuple(remarks.left_out),
        unusable=tuple(remarks.unusable),
        unmeasured=remarks.unmeasured,
        other_targets=dict(sorted(remarks.other_targets.items())),
        copies=remarks.copies,
        completed=remarks.completed,
        not_completed=dict(sorted(remarks.not_completed.items())),
    )


def _no_record(logs: Sequence[Log], remarks: Remarks) -> RecordError:
    files, left_out, others = listed(str(log.path) for log in logs), remarks.left_out, remarks.other_targets
    if others:
        targets = listed(f"{label} ({count:,})" for label, count in others.most_common())
        there = f"It holds {plural(others.total(), 'record')} of other targets: {targets}."
        return RecordError("there is no record of the targets asked for", file=files, hint=there)
    hint = f"{plural(len(left_out), 'line')} of it left out, such as {left_out[0]}" if left_out else None
    return RecordError("there is no tuning record in it", file=files, hint=hint)


def import_ids(
    sources: Sequence[Source], request: ImportRequest, keep: int, detected: Sequence[Platform] = (), ahead: int = 0
) -> tuple[str, str]:
    """The id of an import: the same logs with the same options are the same job, whoever imports them.

    Where a platform had to be detected, it is a part of what was imported. So is how many trials say that they are yet
    to come: later the same logs give other bytes.

    Returns:
        The id, and the one that versions gave it whose jobs keep no histories: their segment has other bytes.
    """
    identity: dict[str, object] = {
        "format": FORMAT,
        "sources": sorted([source.sha256, source.start] for source in sources),
        "options": _options(request),
        "tvm": request.origin.tvm.to_json() if request.origin.tvm else None,
        "records": max(keep, SEGMENT_RECORDS),
    }
    if detected:
        identity["detected"] = [[platform.name, platform.facts] for platform in detected]
    if ahead:
        identity["ahead"] = ahead
    return _digest({**identity, "history": TRIALS}), _digest(identity)


def _digest(identity: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]


def _options(request: ImportRequest) -> dict[str, object]:
    """What an import was told that bears on its records; the TVM is a field of its own in the header."""
    told = {
        "platform": request.origin.platform,
        "facts": dict(request.origin.facts) or None,
        "target": request.origin.target.key if request.origin.target else None,
        "complete_target": request.origin.complete_target.key if request.origin.complete_target else None,
        "family": request.family,
        "skip_invalid": request.leniency.skip_invalid or None,
        "upgrade": request.upgrade or None,
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
    asked = Header("", "import", options=_options(request), tvm=request.origin.tvm or TvmVersion())
    for job, source in contents.outlines.sources_like(asked):
        if contents.standing.counts(job):
            yield source


def _commit(repository: Repository, segment: Segment, counts: Counts) -> JobResult:
    """Add the segment to the branch, wherever its tip is by now."""

    def decide(contents: Contents) -> Decision[None] | Instead[JobResult]:
        if contents.has_job(segment.header.id):
            return Instead(_already(contents, segment.header.id))
        refuse_other_case(contents.snapshot, _platforms(segment))
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
    segment = contents.segment(job)
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
