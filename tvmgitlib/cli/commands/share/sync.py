"""`tvmgitlib sync`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(epilog=example("tvmgitlib sync", "tvmgitlib sync --queue"))
@click.option("--propose", metavar="BRANCH", help="Push local jobs to this branch for review instead.")
@click.option("--history", is_flag=True, help="Also send and fetch the whole logs that jobs have kept.")
@click.option("--queue", is_flag=True, help="Send local jobs to the remote's queue, where no push comes too late.")
@click.option("--accept-rewrite", is_flag=True, help="Give up jobs and signatures that the remote has lost since.")
@pass_context
def command(context: Context, propose: str | None, history: bool, queue: bool, accept_rewrite: bool) -> None:
    """Exchange jobs with the remote.

    Fetch, replay local commits on the remote's tip, push, and again if others were faster. No merge commits come of
    it, and no job is ever lost: what cannot be sent now stays committed here.

    Where others are faster three times, local jobs go to the remote's queue, a ref of each job's own, and the next sync
    of anybody, or tvmgitlib fold --queue, brings them to the branch. The setting push says queue for always, and branch
    for never.

    What comes in is verified: no job's text is another one than is known here, every line is valid, and no job or
    signature is gone that the remote had at the last sync, unless --accept-rewrite is said.
    """
    from tvmgitlib.cli import words

    if propose and (history or queue):
        raise click.UsageError("--history and --queue go with the branch itself, not with --propose.")
    if propose and accept_rewrite:
        raise click.UsageError("--accept-rewrite goes with the branch itself, not with --propose.")
    library = context.open()
    done = (
        library.propose(propose)
        if propose
        else library.sync(history=history, queue=queue, accept_rewrite=accept_rewrite)
    )
    words.note_refused(done)
    words.note_left_alone(done.left_alone)
    context.print_written(done, words.synced(done, history=history), library.path)
