"""`tvmgitlib best`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import duration, fitted, table

if TYPE_CHECKING:
    from tvmgitlib.library.results import BestConfig
    from tvmgitlib.library.selection import Selection


@click.command(
    epilog=options.example(
        "tvmgitlib best --platform rk3399 --workload conv2d", "tvmgitlib best --tvm hhb-tvm==0.16.dev0 --accept stale"
    )
)
@options.selection
@options.rev
@options.tvm("The TVM that would use the configs: grades them.")
@click.option(
    "--accept",
    type=click.Choice(["exact", "stale"]),
    default="exact",
    show_default=True,
    help="The worst grade wanted, with --tvm.",
)
@pass_context
def command(context: Context, selection: Selection, rev: str | None, tvm: Any, accept: str) -> int:
    """Show the best config of each workload.

    One for each target and platform that it was tuned on. With --tvm, only configs that hold for that TVM (see
    --accept). Exit code 1 when there is none.
    """
    library = context.open()
    usable = (library.at(rev) if rev else library).best(selection, tvm=tvm, accept="stale")
    found = [config for config in usable if config.grade in (None, "exact", accept)]
    if not found:
        note("No config was found.")
    if len(found) < len(usable):
        note(f"{len(usable) - len(found):,} more with --accept stale.")
    context.print_lines(found, lambda: "\n\n".join(_place(list(group)) for _, group in groupby(found, _place_of)))
    return 0 if found else 1


def _place_of(config: BestConfig) -> tuple[str, str, str]:
    return (config.family, config.target, config.platform)


def _place(configs: list[BestConfig]) -> str:
    """One target and platform with its workloads."""
    from tvmgitlib.library.messages import plural

    first = configs[0]
    columns = {
        "time": [duration(config.cost) for config in configs],
        "trials": [f"{config.trials:,}" for config in configs],
        "job": [config.job[:8] for config in configs],
    }
    if first.grade:
        columns["grade"] = [config.grade or "" for config in configs]
    if len({config.tuned_with for config in configs}) > 1:
        columns["tuned with"] = [str(config.tuned_with) for config in configs]
    columns["workload"] = [config.workload_label for config in configs]
    count = plural(len({config.workload for config in configs}), "workload")
    title = f"{first.platform}: {first.target_label} ({first.family}), {count}"
    rows = list(zip(*columns.values(), strict=True))
    return fitted(title) + "\n" + table(rows, header=list(columns), right=(0, 1), indent="  ")
