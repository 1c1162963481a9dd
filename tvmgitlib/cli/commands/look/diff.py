"""`tvmgitlib diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    Listing,
    example,
    factor,
    list_options,
    note,
    pass_context,
    seconds,
    selection_options,
    show,
)

if TYPE_CHECKING:
    from tvmgitlib.library.reading import ConfigChange, Selection


@click.command(epilog=example("tvmgitlib diff HEAD~1 --platform rk3399", "tvmgitlib diff v1 main --stat --exit-code"))
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@selection_options
@click.option("--stat", is_flag=True, help="Only how many of each kind.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is a difference.")
@list_options(lambda _: _COLUMNS)
@pass_context
def command(
    context: Context,
    before: str,
    after: str | None,
    selection: Selection,
    stat: bool,
    exit_code: bool,
    listing: Listing,
) -> int:
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
        show(context, listing.rows(different, _COLUMNS), _COLUMNS, listing)
    return 1 if exit_code and different else 0


_COLUMNS: tuple[Column[ConfigChange], ...] = (
    Column("change", lambda change: change.kind),
    seconds("before", lambda change: change.old, "-"),
    seconds("after", lambda change: change.new, "-"),
    factor("ratio", lambda change: change.ratio),
    Column(
        "job",
        lambda change: (change.new_job or change.old_job or "")[:8],
        value=lambda change: change.new_job or change.old_job,
    ),
    Column("platform", lambda change: change.platform, least=12),
    Column("target", lambda change: change.target_label, more=True),
    Column("family", lambda change: change.family, more=True),
    Column("workload", lambda change: change.workload_label, ident=lambda change: change.workload_id),
)
