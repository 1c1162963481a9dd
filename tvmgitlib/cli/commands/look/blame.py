"""`tvmgitlib blame`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    Listing,
    example,
    list_options,
    note,
    note_each,
    pass_context,
    place_columns,
    rev_option,
    seconds,
    selection_options,
    show_by_place,
)

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Blame, Selection


@click.command(epilog=example("tvmgitlib blame --workload dense"))
@selection_options
@rev_option
@list_options(lambda _: _COLUMNS, since=True)
@pass_context
def command(context: Context, selection: Selection, rev: str | None, listing: Listing) -> int:
    """Show which job and commit each best config comes from.

    Exit code 1 when there is no config.
    """
    library = context.open(rev)
    found = listing.rows(library.blame(selection), _COLUMNS, lambda config: config.date)
    if not found:
        note("No config was found.")
        note_each(library.near_names(selection))
    show_by_place(context, found, _COLUMNS, listing)
    return 0 if found else 1


_COLUMNS: tuple[Column[Blame], ...] = (
    *place_columns(),
    Column("commit", lambda config: (config.commit or "?")[:10], value=lambda config: config.commit),
    Column("date", lambda config: (config.date or "?")[:10], value=lambda config: config.date),
    Column("job", lambda config: config.job[:8], value=lambda config: config.job),
    Column("author", lambda config: config.author or "?", value=lambda config: config.author, least=8),
    seconds("time", lambda config: config.cost),
    Column("workload", lambda config: config.workload_label, ident=lambda config: config.workload_id),
)
