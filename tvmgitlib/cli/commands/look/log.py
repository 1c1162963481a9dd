"""`tvmgitlib log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import Column, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading import LogEntry, Selection


@click.command(epilog=options.example("tvmgitlib log --workload dense --tuner xgb", "tvmgitlib log -n 20"))
@options.selection
@click.option("--tuner", metavar="NAME", help="Only jobs of this tuner.")
@click.option("-n", "--limit", metavar="N", type=click.IntRange(min=1), help="Only the N newest.")
@pass_context
def command(context: Context, selection: Selection, tuner: str | None, limit: int | None) -> None:
    """Show the library's jobs, newest first.

    Each with the commit that added it.
    """
    entries = context.open().log(selection, tuner=tuner, limit=limit)
    if not entries:
        note("No job was found.")
    context.print_lines(entries, lambda: table(entries, _COLUMNS))


_COLUMNS: tuple[Column[LogEntry], ...] = (
    Column("commit", lambda entry: (entry.commit or "?")[:10]),
    Column("date", lambda entry: (entry.date or "?")[:10]),
    Column("job", lambda entry: entry.job),
    Column("author", lambda entry: entry.author or "?"),
    Column("what it did", lambda entry: (entry.subject or entry.kind) + (" (reverted)" if entry.reverted else "")),
)
