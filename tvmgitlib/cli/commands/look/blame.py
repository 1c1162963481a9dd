"""`tvmgitlib blame`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import Column, duration, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Blame, Selection


@click.command(epilog=options.example("tvmgitlib blame --workload dense"))
@options.selection
@options.rev
@pass_context
def command(context: Context, selection: Selection, rev: str | None) -> int:
    """Show which job and commit each best config comes from.

    Exit code 1 when there is no config.
    """
    found = context.open(rev).blame(selection)
    if not found:
        note("No config was found.")
    context.print_lines(found, lambda: table(found, _COLUMNS))
    return 0 if found else 1


_COLUMNS: tuple[Column[Blame], ...] = (
    Column("commit", lambda config: (config.commit or "?")[:10]),
    Column("date", lambda config: (config.date or "?")[:10]),
    Column("job", lambda config: config.job[:8]),
    Column("author", lambda config: config.author or "?"),
    Column("time", lambda config: duration(config.cost), right=True),
    Column("platform", lambda config: config.platform),
    Column("workload", lambda config: config.workload_label, ident=lambda config: config.workload_id),
)
