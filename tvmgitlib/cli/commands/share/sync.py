"""`tvmgitlib sync`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, pass_context


@click.command(epilog=options.example("tvmgitlib sync"))
@click.option("--propose", metavar="BRANCH", help="Push local jobs to this branch for review instead.")
@click.option("--history", is_flag=True, help="Also send and fetch the whole logs that jobs have kept.")
@pass_context
def command(context: Context, propose: str | None, history: bool) -> None:
    """Exchange jobs with the remote.

    Fetch, replay local commits on the remote's tip, push, and again if others were faster. No merge commits come of
    it, and no job is ever lost: what cannot be sent now stays committed here.
    """
    from tvmgitlib.cli import words

    if propose and history:
        raise click.UsageError("--history goes with the branch itself, not with --propose.")
    library = context.open()
    done = library.propose(propose) if propose else library.sync(history=history)
    words.note_left_alone(done.left_alone)
    context.print_written(done, words.synced(done, history=history), library.path)
