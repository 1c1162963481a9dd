"""`tvmgitlib best`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import duration, shorten, table

if TYPE_CHECKING:
    from tvmgitlib.library.results import BestConfig
    from tvmgitlib.library.selection import Selection


@click.command(epilog="Example: tvmgitlib best --platform rk3399 --workload conv2d --tvm hhb-tvm==0.16.dev0")
@options.selection
@options.rev
@options.tvm("The TVM that would use the configs: grades them.")
@click.option(
    "--accept", type=click.Choice(["exact", "stale"]), default="exact", help="The worst grade wanted.  [exact]"
)
@pass_context
def command(context: Context, selection: Selection, rev: str | None, tvm: Any, accept: str) -> int:
    """Show the best config of each workload on each target and platform.

    With --tvm, only configs that hold for that TVM (see --accept). Exit code 1 when there is none.
    """
    library = context.open()
    found = (library.at(rev) if rev else library).best(selection, tvm=tvm, accept=accept)
    if not found:
        note("No config was found." + (" With --accept stale there may be some." if tvm and accept == "exact" else ""))
    context.print_lines(found, lambda: "\n\n".join(_place(list(group)) for _, group in groupby(found, _place_of)))
    return 0 if found else 1


def _place_of(config: BestConfig) -> tuple[str, str, str]:
    return (config.family, config.target, config.platform)


def _place(configs: list[BestConfig]) -> str:
    """One target and platform with its workloads."""
    first = configs[0]
    rows = [
        (
            duration(config.cost),
            f"{config.trials} trials",
            config.job[:8],
            config.grade or "",
            shorten(config.workload_label),
        )
        for config in configs
    ]
    return f"{first.platform}: {first.target_label} ({first.family})\n" + table(rows, right=(0, 1), indent="  ")
