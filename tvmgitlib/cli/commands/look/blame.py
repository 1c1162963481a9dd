"""`tvmgitlib blame`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import duration, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading.selection import Selection


@click.command(epilog=options.example("tvmgitlib blame --workload dense"))
@options.selection
@options.rev
@pass_context
def command(context: Context, selection: Selection, rev: str | None) -> int:
    """Show which job and commit each best config comes from.

    Exit code 1 when there is no config.
    """
    library = context.open()
    found = (library.at(rev) if rev else library).blame(selection)
    if not found:
        note("No config was found.")
    context.print_lines(
        found,
        lambda: table(
            [
                (
                    (config.commit or "?")[:10],
                    (config.date or "?")[:10],
                    config.job[:8],
                    config.author or "?",
                    duration(config.cost),
                    config.platform,
                    config.workload_label,
                )
                for config in found
            ],
            header=("commit", "date", "job", "author", "time", "platform", "workload"),
            right=(4,),
        ),
    )
    return 0 if found else 1
