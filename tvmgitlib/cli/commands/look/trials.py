"""`tvmgitlib trials`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import fitted, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading.results import WorkloadEffort
    from tvmgitlib.library.reading.selection import Selection


@click.command(epilog=options.example("tvmgitlib trials --workload dense"))
@options.selection
@options.rev
@pass_context
def command(context: Context, selection: Selection, rev: str | None) -> int:
    """Show the tuning effort on record for each workload.

    Every measurement is counted once, however many jobs hold it. Exit code 1 when there is none.
    """
    library = context.open()
    found = (library.at(rev) if rev else library).trials(selection)
    if not found:
        note("No effort is on record.")
    context.print_lines(found, lambda: "\n\n".join(_place(list(group)) for _, group in groupby(found, _place_of)))
    return 0 if found else 1


def _place_of(effort: WorkloadEffort) -> tuple[str, str, str]:
    return (effort.family, effort.target, effort.platform)


def _place(efforts: list[WorkloadEffort]) -> str:
    from tvmgitlib.library.changes.messages import plural

    first = efforts[0]
    rows = [
        (
            f"{effort.trials:,}",
            f"{effort.configs:,}",
            f"{effort.failed:,}",
            f"{len(effort.jobs):,}",
            effort.workload_label,
        )
        for effort in efforts
    ]
    title = f"{first.platform}: {first.target_label} ({first.family}), {plural(len(efforts), 'workload')}"
    header = ("trials", "configs", "failed", "jobs", "workload")
    return fitted(title) + "\n" + table(rows, header=header, right=(0, 1, 2, 3), indent="  ")
