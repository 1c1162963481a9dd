"""`tvmgitlib job`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    Listing,
    complete_any_jobs,
    complete_open_jobs,
    complete_platforms,
    complete_target_option,
    example,
    facts_option,
    list_options,
    note,
    pass_context,
    push_option,
    read_facts,
    share_option,
    tvm_option,
)
from tvmgitlib.cli.common import show as show_list
from tvmgitlib.cli.job_descriptions import SHARED_COLUMNS, as_text, moment
from tvmgitlib.cli.job_results import print_result, print_sent
from tvmgitlib.cli.lazy import HelpfulGroup
from tvmgitlib.model import UnsentError

if TYPE_CHECKING:
    from pathlib import Path

    from tvmgitlib.library.changes import JobResult
    from tvmgitlib.library.jobs import JobDescription, OpenJob


@click.group(
    cls=HelpfulGroup,
    epilog=example("tvmgitlib job start --tuner xgb  # prints where to log", "tvmgitlib job finish"),
)
@pass_context
def command(context: Context) -> None:
    """Start, finish and look at tuning jobs."""


@command.command(
    epilog=example(
        "tvmgitlib job start --tuner xgb --target 'cuda -arch=sm_90'",
        "tvmgitlib job start --target cuda --key resnet50 --share 10m",
    )
)
@click.option("--target", metavar="TARGET", help="The job's only target; records of others are refused.")
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=complete_platforms,
    help="The platform's name, where the target's -model gives none; needed where a tuner measures elsewhere (RPC).",
)
@complete_target_option("the log")
@facts_option
@tvm_option("The TVM that tunes; without it, what the log says.")
@click.option("--tuner", metavar="NAME", help="The tuner's name, for the record.")
@click.option("--key", metavar="NAME", help="What the job is for, such as the name of a model.")
@share_option
@click.option("--keep-history", is_flag=True, help="Keep the whole logs too, outside the branch.")
@pass_context
def start(context: Context, facts: tuple[str, ...], **told: Any) -> None:
    """Begin a job, and print where a tuner logs to.

    AutoTVM: autotvm.callback.log_to_file(LOG). Ansor: auto_scheduler.RecordToFile(LOG). MetaSchedule:
    work_dir=WORK_DIR.

    Where a tuner logs no more of its target than llvm, --complete-target says what it was; see tvmgitlib import.

    With --share (and --key) the job is begun only if no other machine has it open: else the exit code is 75. What
    another machine has left goes on here, with all that was measured. While the tuner runs, tvmgitlib job renew --watch
    has to run beside it.
    """
    library = context.open()
    job = library.begin_job(facts=read_facts(facts), **told)
    if told["platform"] is None and job.spec.detected is not None:
        note(
            f"Nothing names the platform, so it is taken to be this machine: {job.spec.detected}. (Where the tuner "
            "measures elsewhere, through RPC, --platform NAME has to say it.)"
        )
    # Only what other machines see may have been begun there; else no package is asked which files its tuners write.
    begun = _goes_on(job) if job.spec.share is not None and _lines(job) else f"Job {job.id} started."
    _print_started(context, job, begun, library.path)


def _goes_on(job: OpenJob) -> str:
    return f"Job {job.id} goes on, with {_lines(job):,} lines logged."


def _lines(job: OpenJob) -> int:
    return sum(_lines_in(log) for log in job.log_files if log.is_file())


def _lines_in(log: Path) -> int:
    with log.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


@command.command(
    epilog=example(
        "tvmgitlib job resume", "tvmgitlib job resume 3f2a --json", "tvmgitlib job resume --from-remote resnet50"
    )
)
@click.argument("job", required=False, shell_complete=complete_open_jobs)
@click.option("--from-remote", is_flag=True, help="Go on with what another machine has left; JOB is its key.")
@pass_context
def resume(context: Context, job: str | None, from_remote: bool) -> None:
    """Go on with a job in progress: print where its tuner logs to.

    JOB, or the beginning of it, may be left out while there is only one. What is logged there is kept. In Python
    library.job() resumes by itself, and measures no known config again.

    --from-remote takes over a job that is shared (see --share of job start, and job list --remote): one that its
    machine has left, or has not told of for three times as long as it said. While it goes on there the exit code is 75.
    """
    library = context.open()
    found = library.take_over_job(job) if from_remote else library.resume_job(job)
    _print_started(context, found, _goes_on(found), library.path)


def _print_started(context: Context, job: OpenJob, text: str, path: object) -> None:
    telling = (
        [] if job.spec.share is None else [f"{context.there('While it runs')}: tvmgitlib job renew {job.id} --watch"]
    )
    context.print_written(
        {"job": job.id, "log": str(job.log), "work_dir": str(job.work_dir)},
        f"{text}\n  log       {job.log}\n  work_dir  {job.work_dir}",
        path,
        "\n".join([*telling, f"{context.there('When the tuner is done')}: tvmgitlib job finish {job.id}"]),
    )


@command.command(epilog=example("tvmgitlib job renew --watch &", "tvmgitlib job renew 3f2a"))
@click.argument("job", required=False, shell_complete=complete_open_jobs)
@click.option("--watch", is_flag=True, help="Go on, as often as --share said, until the job is over.")
@pass_context
def renew(context: Context, job: str | None, watch: bool) -> None:
    """Tell the remote how far a shared job is.

    JOB, or the beginning of it, may be left out while there is only one. tvmgitlib tune and library.job() do so by
    themselves. Exit code 75: another machine has taken the job over, or its claim was removed; what was measured here
    stays, and is committed under an id of its own.
    """
    library = context.open()
    done = library.renew_job(job, watch=watch)
    context.print({"job": done.id}, f"Job {done.id} is over." if watch else f"The remote knows of job {done.id}.")


@command.command(epilog=example("tvmgitlib job finish", "tvmgitlib job finish 3f2a --skip-invalid"))
@click.argument("job", required=False, shell_complete=complete_open_jobs)
@push_option
@click.option("--platform", metavar="NAME", help="The platform's name, where neither the job nor a target gives one.")
@click.option("--skip-invalid", is_flag=True, help="Leave out lines that are malformed or for another target.")
@pass_context
def finish(context: Context, job: str | None, push: bool, **told: Any) -> None:
    """Commit a job in progress.

    JOB, or the beginning of it, may be left out while there is only one. Of what the tuner logged, trials whose run
    time can be none (0 s, NaN) count as failed; a malformed line refuses all of it, and the job stays in progress. What
    is committed stays so, whatever comes of the push.

    What a tuner goes on logging into a finished job is kept as another job in progress; it is finished by either id.
    """
    library = context.open()

    def tell(result: JobResult) -> None:
        if not context.as_json:  # there it is one document, with the commit as it was pushed
            print_result(context, result, library.path, push=push)

    try:
        result = library.finish_job(job, push=push, committed=tell, **told)
    except UnsentError as error:
        if context.as_json:
            print_result(context, error.result, library.path, push=push)
        raise
    if context.as_json:
        print_result(context, result, library.path, push=push)
    elif push:
        print_sent(result, library.commit)


@command.command(epilog=example("tvmgitlib job abort 3f2a"))
@click.argument("job", required=False, shell_complete=complete_open_jobs)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_context
def abort(context: Context, job: str | None, yes: bool) -> int:
    """Drop a job in progress and its logs.

    JOB, or the beginning of it, may be left out while there is only one. On a terminal it asks first; exit code 1 when
    the answer is no.
    """
    library = context.open()
    found = library.open_job(job)
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        size = sum(log.stat().st_size for log in found.log_files if log.is_file())
        if not click.confirm(f"Drop job {found.id} of {library.path} with its logs ({size:,} bytes)?", err=True):
            note("It stays.")
            return 1
    dropped = library.abort_job(found.id)
    context.print_written({"job": dropped.id}, f"Job {dropped.id} is dropped with its logs.", library.path)
    return 0


@command.command(
    "list",
    epilog=example(
        "tvmgitlib job list", "tvmgitlib job list --since 7d --sort tuner", "tvmgitlib job list --remote --sort -age"
    ),
)
@click.option("--remote", is_flag=True, help="Those that any machine has open and tells the remote of (--share).")
@list_options(lambda asked: SHARED_COLUMNS if asked.params.get("remote") else _COLUMNS, since=True)
@pass_context
def list_(context: Context, listing: Listing, remote: bool) -> None:
    """List the jobs in progress, oldest first.

    The finished ones are in tvmgitlib log.
    """
    from tvmgitlib.library.jobs import JobDescription

    if remote:
        shared = context.open().shared_jobs()
        if not shared:
            note("No job is shared.")
        claims = listing.rows(shared, SHARED_COLUMNS, lambda claim: claim.shared.job.started)
        show_list(context, claims, SHARED_COLUMNS, listing)
        return
    found = context.open().open_jobs()
    if not found:
        note("No job is in progress.")
    for job in found:
        if job.continues:
            note(f"Job {job.id} holds what was logged after job {job.continues} was finished.")
    jobs = listing.rows(list(map(JobDescription.of_open, found)), _COLUMNS, lambda job: str(job.told["started"]))
    show_list(context, jobs, _COLUMNS, listing)


@command.command(epilog=example("tvmgitlib job show 3f2a"))
@click.argument("job", shell_complete=complete_any_jobs)
@pass_context
def show(context: Context, job: str) -> None:
    """Show what a job was told and what it did.

    JOB, or the beginning of it, is one in progress or a committed one.
    """
    found = context.open().describe_job(job)
    context.print_long(found, as_text(found))


def _told(name: str, otherwise: str, *, more: bool = False) -> Column[JobDescription]:
    """A column of what a job was told, with what stands where it was not."""
    return Column(name, lambda job: job.told[name] or otherwise, value=lambda job: job.told[name], more=more)


_COLUMNS: tuple[Column[JobDescription], ...] = (
    Column("job", lambda job: str(job.told["job"])),
    Column("started", lambda job: moment(job.told["started"]), value=lambda job: job.told["started"]),
    _told("key", "-"),
    _told("tuner", "-"),
    _told("target", "any"),
    _told("platform", "-", more=True),
    _told("kind", "", more=True),
    _told("log", "", more=True),
)
