"""`tvmgitlib best`."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.tables import duration, fitted, table

if TYPE_CHECKING:
    from tvmgitlib.library.reading.results import BestConfig
    from tvmgitlib.library.reading.selection import Selection


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
    type=click.Choice(["exact", "stale", "any"]),
    default="exact",
    show_default=True,
    help="The worst grade wanted, with --tvm; any shows what there is, with the reasons.",
)
@options.facts
@pass_context
def command(
    context: Context, selection: Selection, rev: str | None, tvm: Any, accept: str, facts: tuple[str, ...]
) -> int:
    """Show the best config of each workload.

    One for each target and platform that it was tuned on. With --tvm, only configs that hold for that TVM (see
    --accept). Exit code 1 when there is none.
    """
    from tvmgitlib.library.reading.grading import GRADES, up_to

    told = options.read_facts(facts)
    if tvm is None and (told or accept != "exact"):
        note("Nothing is graded without --tvm DIST==VERSION: --accept and --set make no difference.")
    library = context.open()
    there = (library.at(rev) if rev else library).best(selection, tvm=tvm, accept="any", facts=told)
    wanted = {None, *(GRADES if accept == "any" else up_to(accept))}  # type: ignore[arg-type]  # click checks it
    found = [config for config in there if config.grade in wanted]
    if not found:
        note("No config was found.")
    others = Counter(config.grade for config in there if config.grade not in wanted)
    if others:
        counts = ", ".join(f"{others[grade]:,} {grade}" for grade in GRADES if others[grade])
        note(f"Not shown: {counts}. --accept {'stale' if others['stale'] else 'any'} shows more, with the reasons.")
    for config in found:
        if config.speedup is not None and config.speedup < 1:
            note(f"warning: slower than untuned, so no build applies it: {config.workload_label} on {config.platform}")
    context.print_lines(found, lambda: "\n\n".join(_place(list(group)) for _, group in groupby(found, _place_of)))
    return 0 if found else 1


def _place_of(config: BestConfig) -> tuple[str, str, str]:
    return (config.family, config.target, config.platform)


def _place(configs: list[BestConfig]) -> str:
    """One target and platform with its workloads."""
    from tvmgitlib.library.changes.messages import plural

    first = configs[0]
    columns = {
        "time": [duration(config.cost) for config in configs],
        "trials": [f"{config.trials:,}" for config in configs],
        "job": [config.job[:8] for config in configs],
    }
    if any(config.speedup for config in configs):
        columns["speed-up"] = [f"{config.speedup:.1f}x" if config.speedup else "" for config in configs]
    if first.grade:
        columns["grade"] = [config.grade or "" for config in configs]
    if len({config.tuned_with for config in configs}) > 1:
        columns["tuned with"] = [str(config.tuned_with) for config in configs]
    columns["workload"] = [config.workload_label for config in configs]
    if any(config.grade not in (None, "exact") for config in configs):
        columns["why"] = [config.why if config.grade != "exact" else "" for config in configs]
    count = plural(len({config.workload for config in configs}), "workload")
    title = f"{first.platform}: {first.target_label} ({first.family}), {count}"
    rows = list(zip(*columns.values(), strict=True))
    return fitted(title) + "\n" + table(rows, header=list(columns), right=(0, 1), indent="  ")
