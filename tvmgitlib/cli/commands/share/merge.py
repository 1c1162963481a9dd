"""`tvmgitlib merge`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, note, pass_context
from tvmgitlib.model import listed


@click.command(epilog=example("tvmgitlib merge origin/main"))
@click.argument("branch")
@pass_context
def command(context: Context, branch: str) -> None:
    """Merge BRANCH into the current one.

    The jobs of both are there then, and configs/ is folded anew: it never has a text conflict.
    """
    from tvmgitlib.cli import words

    library = context.open()
    done = library.merge(branch)
    words.note_left_alone(done.left_alone)
    if done.dropped:
        note(f"The other side had removed segments by plain Git; they are gone here too: {listed(done.dropped)}")
    context.print_written(done, words.merged(done), library.path)
