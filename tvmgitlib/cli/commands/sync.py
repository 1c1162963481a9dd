"""`tvmgitlib sync`."""

from __future__ import annotations

import click

from tvmgitlib.cli.context import Context, note, pass_context


@click.command(epilog="Example: tvmgitlib sync")
@click.option("--propose", metavar="BRANCH", help="Push local jobs to this branch for review instead.")
@pass_context
def command(context: Context, propose: str | None) -> None:
    """Exchange jobs with the remote: fetch, replay local commits on its tip, push, again if others were faster.

    No merge commits come of it, and no job is ever lost: what cannot be sent now stays committed here.
    """
    library = context.open()
    done = library.propose(propose) if propose else library.sync()
    for path in done.left_alone:
        note(f"Changed by you, so left as it is in the work tree: {path}")
    context.print(
        done.to_json(),
        f"{done.remote}/{done.branch} is at {done.commit[:12]}: {len(done.sent):,} jobs sent, "
        f"{len(done.received):,} received.",
    )
