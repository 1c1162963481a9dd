"""`tvmgitlib fold`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import Context, example, note, pass_context
from tvmgitlib.model import GitError, NoRemoteError

if TYPE_CHECKING:
    from tvmgitlib.library.changes import Synced


@click.command(
    epilog=example("tvmgitlib fold --queue", "tvmgitlib fold --queue --watch --every 5"),
)
@click.option(
    "--queue", is_flag=True, required=True, expose_value=False, help="Fold the jobs that wait in the remote's queue."
)
@click.option("--checkpoint", is_flag=True, help="Sign where the branch is then, and when (for tvmgitlib.maxAge).")
@click.option("--watch", is_flag=True, help="Go on until interrupted, and fold whatever comes.")
@click.option(
    "--every",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="How often to look, with --watch.",
)
@pass_context
def command(context: Context, checkpoint: bool, watch: bool, every: float) -> int:
    """Bring the jobs of the remote's queue to its branch.

    Each is verified as anything from elsewhere, and becomes a commit with its author and message; configs/ is folded
    once for all of them, and the push takes them out of the queue. What cannot be taken stays there, is named, and
    stops nobody. Two that fold at once do no harm. (tvmgitlib rebuild makes configs/ anew where a plain merge left it
    behind.)

    With --checkpoint a signed, dated note of the branch's commit is put beside it: whoever sets tvmgitlib.maxAge takes
    nothing of a remote whose newest one is older.

    Exit code 1: something was left in the queue.
    """
    library = context.open()
    while True:
        try:
            done = library.fold_queue(checkpoint=checkpoint)
        except NoRemoteError:
            raise  # waiting brings none
        except GitError as error:
            if not watch:
                raise
            note(str(error))
        else:
            if not watch or done.folded or done.sent or done.received:
                _tell(context, done, library.path)
            if not watch:
                return 1 if done.refused else 0
        time.sleep(every)


def _tell(context: Context, done: Synced, path: object) -> None:
    from tvmgitlib.cli import words

    words.note_left_alone(done.left_alone)
    words.note_refused(done)
    if done.checkpoint:
        note(f"Signed a checkpoint, of {done.checkpoint}.")
    context.print_written(done, words.synced(done, history=False), path)
