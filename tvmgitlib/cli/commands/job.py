"""`tvmgitlib job`."""

from __future__ import annotations

from typing import Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.job_results import print_result
from tvmgitlib.cli.tables import table


@click.group(
    epilog="Example: tvmgitlib job start --tuner xgb, let the tuner log into the file it prints, tvmgitlib job finish"
)
def command() -> None:
    """Start, finish and look at tuning jobs."""


@command.command(epilog="Example: tvmgitlib job start --target 'llvm -mcpu=haswell -mtriple=x86_64-linux-gnu'")
@click.option("--target", metavar="TARGET", help="The job's only target; records of others are refused.")
@click.option("--platform", metavar="NAME", help="The platform's name, where the target's -model gives none.")
@options.facts
@options.tvm("The TVM that tunes; without it, what the log says.")
@click.option("--tuner", metavar="NAME", help="The tuner's name, for the record.")
@click.option("--keep-history", is_flag=True, help="Keep the whole logs too, outside the branch.")
@pass_context
def start(context: Context, facts: tuple[str, ...], **told: Any) -> None:
    """Begin a job: prints where a tuner logs to.

    AutoTVM: autotvm.callback.log_to_file(LOG). Ansor: auto_scheduler.RecordToFile(LOG). MetaSchedule:
    work_dir=WORK_DIR.
    """
    job = context.open().begin_job(facts=options.read_facts(facts), **told)
    context.print(
        {"job": job.id, "log": str(job.log), "work_dir": str(job.work_dir)},
        f"Job {job.id} started.\n  log       {job.log}\n  work_dir  {job.work_dir}\n"
        f"When the tuner is done: tvmgitlib job finish {job.id}",
    )


@command.command(epilog="Example: tvmgitlib job finish")
@click.argument("job", required=False)
@click.option("--push", is_flag=True, help="Then send it to the remote, as tvmgitlib sync does.")
@pass_context
def finish(context: Context, job: str | None, push: bool) -> None:
    """Commit a job in progress; JOB may be left out while there is only one."""
    print_result(context, context.open().finish_job(job, push=push))


@command.command(epilog="Example: tvmgitlib job abort 3f2a")
@click.argument("job", required=False)
@pass_context
def abort(context: Context, job: str | None) -> None:
    """Drop a job in progress and its logs; JOB may be left out while there is only one."""
    dropped = context.open().abort_job(job)
    context.print({"job": dropped.id}, f"Job {dropped.id} is dropped with its logs.")


@command.command("list", epilog="Example: tvmgitlib job list")
@pass_context
def list_(context: Context) -> None:
    """List the jobs in progress, oldest first. (tvmgitlib log shows the finished ones.)"""
    jobs = context.open().open_jobs()
    if not jobs:
        note("No job is in progress.")
    context.print_lines(
        map(_Open, jobs),
        lambda: table([(job.id, job.started, job.tuner or "-", job.target or "any target") for job in jobs]),
    )


class _Open:
    """A job in progress, as an answer."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def to_json(self) -> dict[str, Any]:
        job = self._job
        return {
            "job": job.id,
            "state": "open",
            "started": job.started,
            "author": job.author,
            "target": job.target,
            "platform": job.platform,
            "facts": job.facts,
            "tvm": job.tvm.to_json() if job.tvm else None,
            "tuner": job.tuner,
            "log": str(job.log),
            "work_dir": str(job.work_dir),
        }


@command.command(epilog="Example: tvmgitlib job show 3f2a")
@click.argument("job")
@pass_context
def show(context: Context, job: str) -> None:
    """Show a job, in progress or committed: what it was told and what it did."""
    library = context.open()
    found = [opened for opened in library.open_jobs() if opened.id.startswith(job)]
    if found:
        document = _Open(library.open_job(job)).to_json()
    else:
        document = _committed(library.show_job(job))
    context.print(document, "\n".join(_lines(document)))


def _committed(segment: Any) -> dict[str, Any]:
    header = segment.header
    return {
        "job": header.id,
        "state": "committed",
        "kind": header.kind,
        "started": header.started,
        "finished": header.finished,
        "author": header.author,
        "tuner": header.tuner,
        "options": header.options,
        "complete": header.complete,
        "tvm": header.tvm.to_json(),
        "sources": [source.name for source in header.sources],
        "tasks": [
            {
                "family": entry.task.section.family,
                "target": entry.task.section.target.key,
                "platform": entry.task.section.platform.name,
                "workload": entry.task.workload.text,
                "trials": entry.task.effort.trials,
                "configs": entry.task.effort.configs,
                "failed": entry.task.effort.failed,
                "errors": entry.task.effort.errors,
            }
            for entry in segment.tasks
        ],
    }


def _lines(document: dict[str, Any]) -> list[str]:
    tasks = document.pop("tasks", [])
    lines = [f"{name:9} {value}" for name, value in document.items() if value not in (None, [], {})]
    rows = [(str(task["trials"]), str(task["failed"]), task["platform"], task["workload"]) for task in tasks]
    return [*lines, "", table([("trials", "failed", "platform", "workload"), *rows], right=(0, 1))] if rows else lines
