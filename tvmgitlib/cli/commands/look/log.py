"""`tvmgitlib log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import table

if TYPE_CHECKING:
    from tvmgitlib.library.reading.selection import Selection


@click.command(epilog=options.example("tvmgitlib log --workload dense --tuner xgb", "tvmgitlib log --json | head -3"))
@options.selection
@click.option("--tuner", metavar="NAME", help="Only jobs of this tuner.")
@pass_context
def command(context: Context, selection: Selection, tuner: str | None) -> None:
    """Show the library's jobs, newest first.

    Each with the commit that added it.
    """
    entries = context.open().log(selection, tuner=tuner)
    if not entries:
        note("No job was found.")
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
