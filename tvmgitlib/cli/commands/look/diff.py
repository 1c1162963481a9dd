"""`tvmgitlib diff`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import duration, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading.comparing import ConfigChange
    from tvmgitlib.library.reading.selection import Selection

_KINDS = ("added", "removed", "faster", "slower", "same")

_HEADER = ("", "before", "after", "ratio", "job", "platform", "workload")


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
    different = [change for change in found if change.kind != "same"]
    if stat:
        counts = Counter(change.kind for change in found)
        context.print({kind: counts[kind] for kind in _KINDS}, ", ".join(f"{counts[kind]:,} {kind}" for kind in _KINDS))
    else:
        if not different:
            note("No best config differs.")
        context.print_lines(different, lambda: table([_row(change) for change in different], _HEADER, right=(1, 2, 3)))
    return 1 if exit_code and different else 0


def _row(change: ConfigChange) -> tuple[str, ...]:
    return (
        change.kind,
        duration(change.old) if change.old is not None else "-",
        duration(change.new) if change.new is not None else "-",
        f"x{change.ratio:.2f}" if change.ratio is not None else "",
        (change.new_job or change.old_job or "")[:8],
        change.platform,
        change.workload_label,
    )
