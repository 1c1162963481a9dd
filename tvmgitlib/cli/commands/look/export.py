"""`tvmgitlib export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from tvmgitlib.cli.common import (
    Context,
    FamilyChoice,
    example,
    note,
    note_some,
    pass_context,
    rev_option,
    selection_options,
    tvm_option,
)
from tvmgitlib.model import listed

if TYPE_CHECKING:
    from tvmgitlib.library.reading import Selection


@click.command(
    epilog=example(
        "tvmgitlib export --format autotvm --platform 1080ti -o best.log",
        "tvmgitlib export --format metaschedule --per-target -o databases",
    )
)
@click.option("--format", "format_", type=FamilyChoice(), required=True, help="The tuner family.")
@click.option("-o", "--output", metavar="PATH", required=True, help="The file; for metaschedule, the folder.")
@selection_options
@rev_option
@tvm_option("Only configs tuned with this TVM's minor version.")
@click.option("--per-target", is_flag=True, help="Write one folder a target, below PATH.")
@pass_context
def command(
    context: Context,
    format_: Any,
    output: str,
    selection: Selection,
    rev: str | None,
    tvm: Any,
    per_target: bool,
) -> None:
    """Write best configs as a file that stock TVM loads.

    For metaschedule it is a folder with the two files of a database. Stock TVM does not look at the target of its
    records, so a workload that has records for several targets is refused. Of the other tuners' files TVM knows targets
    by keys only (gpu for cuda, rocm, opencl and metal alike). A warning names the targets that it would mix up.
    """
    if selection.family not in (None, format_):
        raise click.UsageError(f"--family {selection.family} with --format {format_} leaves nothing to export")
    from tvmgitlib.cli import words

    written = context.open(rev).export(
        format_, output, replace(selection, family=format_), tvm=tvm, per_target=per_target
    )
    if len(written.platforms) > 1:
        note(
            f"warning: the file mixes {len(written.platforms):,} platforms ({listed(written.platforms)}), and stock "
            "TVM may hand one's config to another. Choose one with --platform."
        )
    for key, targets in written.mixed.items():
        note(
            f"warning: the export mixes {len(targets):,} targets that stock TVM takes for one, {key} "
            f"({listed(targets)}), and it may hand one's config to another. Choose one with --target, or write one "
            "folder a target with --per-target."
        )
    note_some("warning: left out, for they cannot be used:", written.left_out)
    if written.unsure:
        note(f"Nobody asked a TVM whether it loads: {written.unsure}.")
    context.print(written, words.exported(written))
