"""`tvmgitlib rebuild`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(epilog=example("tvmgitlib rebuild"))
@pass_context
def command(context: Context) -> None:
    """Make configs/ anew from jobs/.

    This is one commit; nothing happens when configs/ is right already.
    """
    from tvmgitlib.cli import words

    library = context.open()
    made = library.rebuild()
    words.note_left_alone(made.left_alone if made else ())
    context.print_written(
        {"commit": made.commit if made else None},
        f"configs/ is made anew in {made.commit[:12]}." if made else "configs/ is right already.",
        library.path if made else None,
    )
