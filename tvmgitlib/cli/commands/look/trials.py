"""`tvmgitlib trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

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
    place_columns,
    queued_option,
    rev_option,
    selection_options,
    show_by_place,
    tvm_option,
)

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection, WorkloadEffort


@click.command(epilog=example("tvmgitlib trials --workload dense", "tvmgitlib trials --tvm hhb-tvm==0.16.dev0"))
@selection_options
@rev_option
@queued_option
@tvm_option("Only effort whose configs hold for this TVM, by the library's policy.")
@list_options(lambda _: _COLUMNS)
@pass_context
def command(context: Context, selection: Selection, rev: str | None, queued: bool, tvm: Any, listing: Listing) -> int:
    """Show the tuning effort on record for each workload.

    Every measurement is counted once, however many jobs hold it. A config that two jobs measured, each for itself,
    counts once towards what is skipped as tuned; the rest is shown as repeated. Exit code 1 when there is none.
    """
    library = context.open(rev, queued=queued)
    found = listing.rows(library.trials(selection, tvm=tvm), _COLUMNS)
    if not found:
        note("No effort is on record.")
        note_each(library.near_names(selection))
    show_by_place(context, found, _COLUMNS, listing)
    return 0 if found else 1


_COLUMNS: tuple[Column[WorkloadEffort], ...] = (
    *place_columns(),
    count("trials", lambda effort: effort.trials),
    count("configs", lambda effort: effort.configs),
    count("failed", lambda effort: effort.failed),
    count("repeated", lambda effort: effort.repeated, lambda efforts: any(effort.repeated for effort in efforts)),
    count("jobs", lambda effort: len(effort.jobs)),
    Column("workload", lambda effort: effort.workload_label, ident=lambda effort: effort.workload_id),
)
