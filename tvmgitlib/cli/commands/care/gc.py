"""`tvmgitlib gc`."""

from __future__ import annotations

import click

from tvmgitlib.cli.common import Context, example, pass_context


@click.command(epilog=example("tvmgitlib gc"))
@pass_context
def command(context: Context) -> None:
    """Pack the library well, so that it is small and fast.

    It is git gc, by your settings of it, and beside it: what killed processes left is swept, Git notes which commits
    touch which files, and the reading index is compacted. Safe at any time; what nothing leads to goes only after
    Git's own grace of two weeks.
    """
    from tvmgitlib.cli import words

    done = context.open().gc()
    context.print(done, words.tidied(done))
