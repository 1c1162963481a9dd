"""`tvmgitlib revert`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, complete_jobs, example, pass_context


@click.command(epilog=example("tvmgitlib revert 3f2a --reason 'the fan was off'", "tvmgitlib revert --removed"))
@click.argument("jobs", nargs=-1, metavar="JOB...", shell_complete=complete_jobs)
@click.option("--removed", is_flag=True, help="The jobs that a plain git revert (or rm) has removed.")
@click.option("--reason", metavar="TEXT", help="Why, for the record.")
@pass_context
def command(context: Context, jobs: tuple[str, ...], removed: bool, reason: str | None) -> None:
    """Take jobs out of the library, and back in.

    This is one commit; the best configs of the other jobs come back. Nothing is deleted: a revert is a job itself,
    and reverting it brings the jobs back.

    With --removed, what plain Git did to jobs is taken for a revert of them: their segments come back, a job of kind
    revert names them, and tvmgitlib check is content. Nothing happens when plain Git has removed nothing.
    """
    from tvmgitlib.cli import words

    if bool(jobs) == removed:
        raise click.UsageError("Name the jobs, or say --removed.")
    library = context.open()
    done = library.revert_removed(reason=reason) if removed else library.revert(*jobs, reason=reason)
    words.note_left_alone(done.left_alone if done else ())
    if done is not None:
        context.print_written(done, words.reverted(done), library.path)
    else:
        nothing: dict[str, object] = {
            "job": None,
            "commit": None,
            "reverted": [],
            "restored": 0,
            "removed": 0,
            "left_alone": [],
        }
        context.print(nothing, "Plain Git has removed no job.")
