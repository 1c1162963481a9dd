"""`tvmgitlib log`."""

from __future__ import annotations

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import table


@click.command(epilog=options.example("tvmgitlib log --json | head -3"))
@pass_context
def command(context: Context) -> None:
    """Show the library's jobs, newest first.

    Each with the commit that added it.
    """
    entries = context.open().log()
    if not entries:
        note("The library has no job yet.")
    context.print_lines(
        entries,
        lambda: table(
            [
                (
                    entry.commit[:10],
                    entry.date[:10],
                    entry.job,
                    entry.author,
                    entry.subject + (" (reverted)" if entry.reverted else ""),
                )
                for entry in entries
            ],
            header=("commit", "date", "job", "author", "what it did"),
        ),
    )
