"""`tvmgitlib sync`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context


@click.command(epilog=options.example("tvmgitlib sync"))
@click.option("--propose", metavar="BRANCH", help="Push local jobs to this branch for review instead.")
@click.option("--history", is_flag=True, help="Also send and fetch the whole logs that jobs have kept.")
@pass_context
def command(context: Context, propose: str | None, history: bool) -> None:
    """Exchange jobs with the remote.

    Fetch, replay local commits on the remote's tip, push, and again if others were faster. No merge commits come of
    it, and no job is ever lost: what cannot be sent now stays committed here.
    """
    from tvmgitlib.library.changes.messages import plural

    if propose and history:
        raise click.UsageError("--history goes with the branch itself, not with --propose.")
    library = context.open()
    done = library.propose(propose) if propose else library.sync(history=history)
    for path in done.left_alone:
        note(f"Changed by you, so left as it is in the work tree: {path}")
    words = f"{plural(len(done.sent), 'job')} sent, {len(done.received):,} received"
    if history:
        sent = plural(len(done.histories_sent), "history", "histories")
        words += f"; {sent} sent, {len(done.histories_received):,} received"
    context.print(done.to_json(), f"{done.remote}/{done.branch} is at {done.commit[:12]}: {words}.")
