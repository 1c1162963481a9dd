"""`tvmgitlib diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import Column, duration, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading import ConfigChange, Selection


@click.command(
    epilog=options.example("tvmgitlib diff HEAD~1 --platform rk3399", "tvmgitlib diff v1 main --stat --exit-code")
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@options.selection
@click.option("--stat", is_flag=True, help="Only how many of each kind.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is a difference.")
@pass_context
def command(context: Context, before: str, after: str | None, selection: Selection, stat: bool, exit_code: bool) -> int:
    """Show what happened to the best configs between two commits.

    From A to B, by default the current commit. A ratio above 1 is faster.
    """
    found = context.open().diff(before, after, selection)
    different = [change for change in found if change.differs]
    if stat:
        from tvmgitlib.library.reading import counts_by_kind

        counts = counts_by_kind(found)
        context.print(counts, ", ".join(f"{count:,} {kind}" for kind, count in counts.items()))
    else:
        if not different:
            note("No best config differs.")
        context.print_lines(different, lambda: table(different, _COLUMNS))
    return 1 if exit_code and different else 0


_COLUMNS: tuple[Column[ConfigChange], ...] = (
    Column("", lambda change: change.kind),
    Column("before", lambda change: duration(change.old, "-"), right=True),
    Column("after", lambda change: duration(change.new, "-"), right=True),
    Column("ratio", lambda change: f"x{change.ratio:.2f}" if change.ratio is not None else "", right=True),
    Column("job", lambda change: (change.new_job or change.old_job or "")[:8]),
    Column("platform", lambda change: change.platform),
    Column("workload", lambda change: change.workload_label, ident=lambda change: change.workload_id),
)
