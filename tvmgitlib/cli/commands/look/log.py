"""`tvmgitlib log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from tvmgitlib.cli.common import (
    Column,
    Context,
    Listing,
    count,
    example,
    list_options,
    note,
    note_each,
    pass_context,
    queued_option,
    selection_options,
    show,
)

if TYPE_CHECKING:
    from tvmgitlib.library.reading import LogEntry, Selection


@click.command(epilog=example("tvmgitlib log --workload dense --tuner xgb", "tvmgitlib log -n 20"))
@selection_options
@click.option("--tuner", metavar="NAME", help="Only jobs of this tuner.")
@queued_option
@list_options(lambda _: _COLUMNS, since=True)
@pass_context
def command(context: Context, selection: Selection, tuner: str | None, queued: bool, listing: Listing) -> None:
    """Show the library's jobs, newest first.

    Each with the commit that added it.
    """
    limit = None if listing.is_cut else listing.limit  # then the history is read no further
    library = context.open(queued=queued)
    found = library.log(selection, tuner=tuner, limit=limit)
    entries = listing.rows(found, _COLUMNS, lambda entry: entry.date)
    if not entries:
        note("No job was found.")
        note_each(library.near_names(selection))
    show(context, entries, _COLUMNS, listing)


_COLUMNS: tuple[Column[LogEntry], ...] = (
    Column("commit", lambda entry: (entry.commit or "?")[:10], value=lambda entry: entry.commit),
    Column("date", lambda entry: (entry.date or "?")[:10], value=lambda entry: entry.date),
    Column("job", lambda entry: entry.job[:8], value=lambda entry: entry.job),
    Column("author", lambda entry: entry.author or "?", value=lambda entry: entry.author, least=8),
    Column("kind", lambda entry: entry.kind, more=True),
    replace(count("trials", lambda entry: entry.trials), more=True),
    replace(count("workloads", lambda entry: entry.workloads), more=True),
    Column(
        "signed by",
        lambda entry: ", ".join(map(str, entry.signers)),
        when=lambda entries: any(entry.signers for entry in entries),
    ),
    Column("what it did", lambda entry: (entry.subject or entry.kind) + (" (reverted)" if entry.reverted else "")),
)
