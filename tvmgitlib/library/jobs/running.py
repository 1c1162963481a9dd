"""A job's way from its beginning to its commit, or to nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tvmgitlib import store
from tvmgitlib.library import changes, reading  # as rooms, with the store and `sharing`: most jobs begin without them
from tvmgitlib.library.jobs import sharing
from tvmgitlib.library.jobs.completing import completion
from tvmgitlib.library.jobs.open_jobs import OpenJob, jobs_in_progress, open_job
from tvmgitlib.library.platforms import THIS, detect_for, overruled
from tvmgitlib.library.view import View
from tvmgitlib.model import (
    GivenTarget,
    JobError,
    JobKind,
    JobSpec,
    Json,
    Platform,
    PlatformError,
    TakenError,
    TvmgitlibError,
    TvmVersion,
    UnsentError,
    is_unicode,
    parse_target,
    platform_name_from,
    validate_platform_name,
)

if TYPE_CHECKING:
    from tvmgitlib.library.changes import JobResult
    from tvmgitlib.library.jobs.sharing import Claim

_log = logging.getLogger("tvmgitlib")

#: How rarely a job may be shared, in seconds: a week.
_RAREST = 7 * 24 * 3600.0


def job_spec(
    kind: JobKind,
    target: object | None = None,
    platform: str | None = None,
    facts: Mapping[str, Json] | None = None,
    tvm: TvmVersion | str | None = None,
    *,
    tuner: str | None = None,
    options: Mapping[str, Json] | None = None,
    keep_history: bool = False,
    complete_target: object | None = None,
    key: str | None = None,
    share: float | None = None,
) -> JobSpec:
    """What a user says of a job, checked before anything is measured or read.

    A job that measures gets the facts of this machine, and its name, where its target is this machine's. A log that is
    imported does not say where it was measured: nothing is detected for it.

    Args:
        kind: what the job is.
        target: the only target: text, dict or `tvm.target.Target`; None for any.
        platform: the platform's name, or `this` for this machine.
        facts, tuner, options, keep_history, key, share: see `JobSpec`.
        tvm: the TVM that tunes, or `DIST==VERSION`.
        complete_target: what targets leave out, as a target.

    Raises:
        TargetError: a target does not parse, or the second one says nothing that targets leave out.
        PlatformError: the platform's name is not allowed, nothing says which platform the target is on, or the user
            says that it is this machine, which does not run its code.
        TvmError: the TVM's text has another form.
        JobError: a text is not valid Unicode; or a job cannot be shared so often, or without a key.
    """
    _require_unicode(tuner=tuner, key=key, options=options)
    if share is not None:
        _require_shareable(share, key)
    if platform is not None:
        validate_platform_name(platform)
    given = parse_target(target) if target is not None else None
    return JobSpec(
        kind=kind,
        target=given.text if given else None,
        platform=platform if platform != THIS else None,
        facts=dict(facts or {}),
        tvm=TvmVersion.of(tvm),
        tuner=tuner,
        options=dict(options or {}),
        keep_history=keep_history,
        complete_target=completion(complete_target).text if complete_target is not None else None,
        key=key,
        share=share,
        where="unsaid" if kind == "import" and platform != THIS else "here",
        here=_measured_here(given, platform) if given is not None and kind != "import" else None,
    )


def _measured_here(given: GivenTarget, platform: str | None) -> Platform | None:
    """This machine, where the target of a job that measures is its own; None where it is another's.

    Raises:
        PlatformError: nothing says which platform the target is on.
    """
    here = detect_for(given.target)
    if here is None and (platform == THIS or (platform is None and given.model is None)):
        raise PlatformError(
            f"{given.target.label} is not this machine's target, so its platform cannot be detected",
            hint="Name the platform with --platform NAME.",
        )
    if (model := overruled(given, platform)) is not None and platform != THIS:
        _log.warning("platform %s is not used: the target's -model names %s", platform, model)
    return here


def _require_unicode(**told: object) -> None:
    for name, value in told.items():
        if not is_unicode(value):
            raise JobError(f"the {name} is not valid Unicode: {value!a}", hint="Give it in UTF-8.")


def _require_shareable(share: float, key: str | None) -> None:
    if not 0 < share <= _RAREST:
        raise JobError(
            f"a job is shared every {share:g} seconds: that is not between 0 and a week",
            hint="Say a time such as 10m, or 600 seconds in Python.",
        )
    if not key:
        raise JobError(
            "a job that is shared needs a key, which other machines know it by",
            hint='Name what it is for: --key NAME on the command line, key="NAME" in Python.',
        )


def begin(view: View, spec: JobSpec) -> OpenJob:
    """Begin a job: a log and a folder for tuners to write to.

    Raises:
        PlatformError: the platform's name differs only in case from one that the library has.
    """
    model = parse_target(spec.target).model if spec.target is not None else None
    name = spec.platform or (platform_name_from(model) if model else spec.platform_name)
    if name is not None:
        with view.reading() as contents:
            reading.refuse_other_case(contents.snapshot, [name])
    return jobs_in_progress(view).start(view.writable.identity(), spec)


def begin_shared(view: View, spec: JobSpec) -> OpenJob:
    """Begin a job that is shared; or go on with the same one, where another machine has left it.

    Raises:
        TakenError: another machine has it, or this clone.
        GitError: there is no remote, or it cannot be reached.
        PlatformError: as `begin`.
    """
    repository = view.writable
    assert spec.share is not None  # it is shared
    found = sharing.prepare(repository, spec)
    if found.own is not None:
        job = found.own.id
        raise TakenError(f"{spec.key} is open in this clone, as job {job}", hint=f"tvmgitlib job resume {job} goes on.")
    opened = found.restored
    if opened is None or not opened.spec.is_measured_as(spec):
        if opened is not None:
            _log.warning("it was measured under other platform facts: tvmgitlib job finish %s commits it", opened.id)
        opened = begin(view, spec)
    try:
        return sharing.hold(repository, opened, spec.share, found.seen)
    except TvmgitlibError:
        jobs_in_progress(view).remove(opened)
        raise


def shared_jobs(view: View) -> list[Claim]:
    """The jobs that are shared on the remote; see `ConfigLibrary.shared_jobs`."""
    return sharing.Claims(view.whole).all()


def renew(view: View, job: str | None = None, *, watch: bool = False) -> OpenJob:
    """Tell the remote of a job that is shared; see `ConfigLibrary.renew_job`."""
    opened = open_job(view, job)
    sharing.renew_now(view.writable, opened)
    if watch:
        sharing.Heartbeat(view.writable, opened).watch()
    return opened


def finish(
    view: View,
    job: str | None = None,
    *,
    push: bool = False,
    platform: str | None = None,
    skip_invalid: bool = False,
    committed: Callable[[JobResult], None] | None = None,
) -> JobResult:
    """Commit a job in progress; see `ConfigLibrary.finish_job`."""
    from tvmgitlib.library.jobs.finishing import finish_job  # of all modules the one that takes most others

    repository = view.writable
    if platform is not None:
        validate_platform_name(platform)
    if push:
        store.upstream(repository)  # says so before anything is committed when there is none
    opened = open_job(view, job)
    with _not_live(opened):
        with view.reading() as contents:
            has_landed = contents.has_job(opened.id)
        opened = sharing.settled(repository, opened, has_landed=has_landed)
        result = finish_job(repository, jobs_in_progress(view), opened, platform=platform, skip_invalid=skip_invalid)
    if committed is not None:
        committed(result)
    try:
        return sent(view, result) if push else result
    finally:
        sharing.release(repository, opened)


def sent(view: View, result: JobResult) -> JobResult:
    """Send a job that is committed; its commit may be another one then.

    Raises:
        UnsentError: it could not be sent.
    """
    repository = view.writable
    try:
        done = changes.send(repository)
    except TvmgitlibError as error:
        hint = error.hint or "tvmgitlib sync sends it later."
        what = f"job {result.job} is committed here, as {(result.commit or repository.head or '')[:12]}, and not sent"
        raise UnsentError(f"{what}: {error.message}", result, file=error.file, hint=hint) from error
    if result.job in done.queued:
        return replace(result, queued=True)
    with view.reading() as contents:
        pushed = next((entry.commit for entry in reading.log(repository, contents) if entry.job == result.job), None)
    return replace(result, commit=pushed or result.commit)


def abort(view: View, job: str | None = None) -> OpenJob:
    """Drop a job in progress and its logs; returns it as it was."""
    repository = view.writable
    opened = open_job(view, job)
    with _not_live(opened):
        sharing.release(repository, opened)
        jobs_in_progress(view).remove(opened)
    return opened


@contextmanager
def _not_live(job: OpenJob) -> Iterator[None]:
    """Take a job for this process.

    Raises:
        JobError: another process is at it.
    """
    claim = job.claim()
    if claim is None:
        raise JobError(
            f"job {job.id} is live in another process", hint="It is finished there; end that process to take it over."
        )
    try:
        yield
    finally:
        claim.release()
