"""`tvmgitlib best`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, note_each, note_some, pass_context
from tvmgitlib.cli.places import by_place
from tvmgitlib.cli.tables import Column, duration

if TYPE_CHECKING:
    from tvmgitlib.library.reading import BestConfig, Selection, Shown


@click.command(
    epilog=options.example(
        "tvmgitlib best --platform rk3399 --workload conv2d", "tvmgitlib best --tvm hhb-tvm==0.16.dev0 --accept stale"
    )
)
@options.selection
@options.rev
@options.tvm_at_hand("The TVM that would use the configs: grades them. [the one installed in this Python, if any]")
@click.option(
    "--accept",
    type=click.Choice(["exact", "stale", "any"]),
    help="The worst grade wanted; any shows what there is, with the reasons. [with --tvm: exact]",
)
@options.facts
@pass_context
def command(
    context: Context, selection: Selection, rev: str | None, tvm: Any, accept: Shown | None, facts: tuple[str, ...]
) -> int:
    """Show the best config of each workload.

    One for each target and platform that it was tuned on. With --tvm, only configs that hold for that TVM (see
    --accept). Without it, configs are graded for the TVM that is installed in this Python, if there is one, and shown
    whatever their grade is; --tvm none grades nothing. Exit code 1 when there is none.
    """
    from tvmgitlib.library.reading import choose

    told = options.read_facts(facts)
    if tvm is None and (told or accept):
        note("Nothing is graded without --tvm DIST==VERSION: --accept and --set make no difference.")
    if tvm is not None:
        if tvm.source == "runtime":
            note(f"Graded for {tvm}, which is installed here; --tvm none grades nothing.")
        else:
            accept = accept or "exact"
    library = context.open(rev)
    choice = choose(library.best(selection, tvm=tvm, accept="any", facts=told), accept)
    found = choice.configs
    if not found:
        note("No config was found.")
    if not found and not choice.others:
        note_some("There is one elsewhere:", library.nearest(selection))
    if choice.others:
        counts = ", ".join(f"{count:,} {grade}" for grade, count in choice.others.items())
        note(f"Not shown: {counts}. --accept {choice.wider} shows more, with the reasons.")
    note_each(
        f"warning: slower than untuned, so no build applies it: {config.workload_label} on {config.platform}"
        for config in found
        if config.is_slower
    )
    context.print_lines(found, lambda: by_place(found, _COLUMNS))
    return 0 if found else 1


def _said_of(config: BestConfig) -> str | None:
    """Why a config has its grade; of an exact one only what is to be known all the same."""
    return config.remark if config.grade == "exact" else config.why


_COLUMNS: tuple[Column[BestConfig], ...] = (
    Column("time", lambda config: duration(config.cost), right=True),
    Column("trials", lambda config: f"{config.trials:,}", right=True),
    Column("job", lambda config: config.job[:8]),
    Column(
        "speed-up",
        lambda config: f"{config.speedup:.1f}x" if config.speedup else "",
        when=lambda configs: any(config.speedup for config in configs),
    ),
    Column("grade", lambda config: config.grade or "", when=lambda configs: any(config.grade for config in configs)),
    Column(
        "tuned with",
        lambda config: str(config.tuned_with),
        when=lambda configs: len({config.tuned_with for config in configs}) > 1,
    ),
    Column("workload", lambda config: config.workload_label),
    Column(
        "why",
        lambda config: _said_of(config) or "",
        when=lambda configs: any(_said_of(config) and config.grade for config in configs),
    ),
)
