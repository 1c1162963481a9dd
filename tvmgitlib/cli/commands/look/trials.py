"""`tvmgitlib trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.places import by_place
from tvmgitlib.cli.tables import Column

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection, WorkloadEffort


@click.command(epilog=options.example("tvmgitlib trials --workload dense", "tvmgitlib trials --tvm hhb-tvm==0.16.dev0"))
@options.selection
@options.rev
@options.tvm("Only effort whose configs hold for this TVM, by the library's policy.")
@pass_context
def command(context: Context, selection: Selection, rev: str | None, tvm: Any) -> int:
    """Show the tuning effort on record for each workload.

    Every measurement is counted once, however many jobs hold it. Exit code 1 when there is none.
    """
    found = context.open(rev).trials(selection, tvm=tvm)
    if not found:
        note("No effort is on record.")
    context.print_lines(found, lambda: by_place(found, _COLUMNS))
    return 0 if found else 1


_COLUMNS: tuple[Column[WorkloadEffort], ...] = (
    Column("trials", lambda effort: f"{effort.trials:,}", right=True),
    Column("configs", lambda effort: f"{effort.configs:,}", right=True),
    Column("failed", lambda effort: f"{effort.failed:,}", right=True),
    Column("jobs", lambda effort: f"{len(effort.jobs):,}", right=True),
    Column("workload", lambda effort: effort.workload_label, ident=lambda effort: effort.workload_id),
)
