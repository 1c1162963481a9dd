"""`tvmgitlib log`."""

from __future__ import annotations

import click

from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import table


@click.command(epilog="Example: tvmgitlib log --json | head -3")
@pass_context
def command(context: Context) -> None:
    """Show the library's jobs, newest first: each with the commit that added it."""
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
                    entry.kind + (" (reverted)" if entry.reverted else ""),
                    entry.author,
                    entry.subject,
                )
                for entry in entries
            ]
        ),
    )
