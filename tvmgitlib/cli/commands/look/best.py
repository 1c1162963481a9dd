"""`tvmgitlib best`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    Listing,
    count,
    example,
    factor,
    facts_option,
    list_options,
    note,
    note_each,
    note_some,
    pass_context,
    place_columns,
    queued_option,
    read_facts,
    rev_option,
    seconds,
    selection_options,
    show_by_place,
    tvm_at_hand_option,
)

if TYPE_CHECKING:
    from tvmgitlib.library.reading import BestConfig, Selection, Shown


@click.command(
    epilog=example(
        "tvmgitlib best --platform rk3399 --workload conv2d", "tvmgitlib best --tvm hhb-tvm==0.16.dev0 --accept stale"
    )
)
@selection_options
@rev_option
@queued_option
@tvm_at_hand_option("The TVM that would use the configs: grades them. [the one installed in this Python, if any]")
@click.option(
    "--accept",
    type=click.Choice(["exact", "stale", "any"]),
    help="The worst grade wanted; any shows what there is, with the reasons. [with --tvm: exact]",
)
@facts_option
@list_options(lambda _: _COLUMNS, since=True)
@pass_context
def command(
    context: Context,
    selection: Selection,
    rev: str | None,
    queued: bool,
    tvm: Any,
    accept: Shown | None,
    facts: tuple[str, ...],
    listing: Listing,
) -> int:
    """Show the best config of each workload.

    One for each target and platform that it was tuned on. With --tvm, only configs that hold for that TVM (see
    --accept). Without it, configs are graded for the TVM that is installed in this Python, if there is one, and shown
    whatever their grade is; --tvm none grades nothing. Exit code 1 when there is none.
    """
    from tvmgitlib.library.reading import choose

    told = read_facts(facts)
    library = context.open(rev, queued=queued)
    if tvm is None and (told or accept):
        note("Nothing is graded without --tvm DIST==VERSION: --accept and --set make no difference.")
    if tvm is not None:
        if tvm.source == "runtime":
            note(f"Graded for {tvm}, which is installed here; --tvm none grades nothing.")
        else:
            accept = accept or "exact"
    choice = choose(library.best(selection, tvm=tvm, accept="any", facts=told), accept)
    found = listing.rows(choice.configs, _COLUMNS, lambda config: config.finished)
    if not found:
        note("No config was found.")
    if not choice.configs and not choice.others:
        near = library.near_names(selection)
        note_each(near)
        # Of a platform that is only mistyped, all that there is would be elsewhere. Of a target it says what differs.
        if not near or selection.workload is not None or selection.asked is not None:
            note_some("There is one elsewhere:", library.nearest(selection))
    if choice.others:
        counts = ", ".join(f"{count:,} {grade}" for grade, count in choice.others.items())
        note(f"Not shown: {counts}. --accept {choice.wider} shows more, with the reasons.")
    note_each(
        f"warning: slower than untuned, so no build applies it: {config.workload_label} on {config.platform}"
        for config in found
        if config.is_slower
    )
    show_by_place(context, found, _COLUMNS, listing)
    return 0 if found else 1


def _said_of(config: BestConfig) -> str | None:
    """Why a config has its grade; of an exact one, or of one without, only what is to be known all the same."""
    return config.remark if config.grade in (None, "exact") else config.why


_COLUMNS: tuple[Column[BestConfig], ...] = (
    *place_columns(),
    seconds("time", lambda config: config.cost),
    count("trials", lambda config: config.trials),
    Column("job", lambda config: config.job[:8], value=lambda config: config.job),
    Column("finished", lambda config: (config.finished or "")[:10], value=lambda config: config.finished, more=True),
    factor(
        "speed-up",
        lambda config: config.speedup,
        digits=1,
        when=lambda configs: any(config.speedup for config in configs),
    ),
    Column("grade", lambda config: config.grade or "", when=lambda configs: any(config.grade for config in configs)),
    Column(
        "tuned with",
        lambda config: str(config.tuned_with),
        when=lambda configs: len({config.tuned_with for config in configs}) > 1,
    ),
    Column(
        "signed by",
        lambda config: ", ".join(map(str, config.signers)),
        when=lambda configs: any(config.signers for config in configs),
    ),
    Column("workload", lambda config: config.workload_label, ident=lambda config: config.workload_id),
    Column(
        "why",
        lambda config: _said_of(config) or "",
        when=lambda configs: any(map(_said_of, configs)),
        apart=True,
    ),
)
