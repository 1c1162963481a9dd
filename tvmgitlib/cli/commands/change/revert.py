"""`tvmgitlib revert`."""

from __future__ import annotations

import click

from tvmgitlib.cli import completing, options
from tvmgitlib.cli.context import Context, pass_context


@click.command(epilog=options.example("tvmgitlib revert 3f2a --reason 'the fan was off'"))
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...", shell_complete=completing.jobs)
@click.option("--reason", metavar="TEXT", help="Why, for the record.")
@pass_context
def command(context: Context, jobs: tuple[str, ...], reason: str | None) -> None:
    """Take jobs out of the library, and back in.

    This is one commit; the best configs of the other jobs come back. Nothing is deleted: a revert is a job itself,
    and reverting it brings the jobs back.
    """
    from tvmgitlib.cli import words

    done = context.open().revert(*jobs, reason=reason)
    words.note_left_alone(done.left_alone)
    context.print(done, words.reverted(done))
