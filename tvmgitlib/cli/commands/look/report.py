"""`tvmgitlib report`."""

from __future__ import annotations

from typing import Any

import click

from tvmgitlib.cli import completing, options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.streams import output_as_errors
from tvmgitlib.errors import plural


@click.command(
    epilog=options.example(
        "tvmgitlib report -o site", "tvmgitlib report --against v1 --tasks model.py:module --target cuda"
    )
)
@click.option(
    "-o", "--output", metavar="DIR", default="tvmgitlib-report", show_default=True, help="The folder to write it to."
)
@options.rev
@click.option("--against", metavar="REV", help="Show what happened to the best configs since this commit.")
@click.option("--tasks", metavar="TASKS", help="Show how much of a model is tuned: as tvmgitlib coverage takes it.")
@click.option("--target", metavar="TARGET", help="The target of a model that does not say its own.")
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=completing.platforms,
    help="The platform of a model whose target names none. [this machine]",
)
@options.tvm_at_hand("The TVM that would use the configs: grades them. [the one installed in this Python, if any]")
@options.facts
@pass_context
def command(
    context: Context,
    output: str,
    rev: str | None,
    against: str | None,
    tasks: str | None,
    target: str | None,
    platform: str | None,
    tvm: Any,
    facts: tuple[str, ...],
) -> None:
    """Write a site to look at in a browser.

    Pages of plain files, which need no server and no network: what the library holds, how the best config of each
    workload came about, what every job tried, and how far all of it holds. A folder that holds an earlier report is
    brought up to date; one that holds anything else is left alone. It needs pip install 'tvmgitlib[report]'.
    """
    if tasks is None and (target or platform):
        note("Without --tasks there is no model: --target and --platform make no difference.")
    library = context.open(rev)
    with output_as_errors():
        written = library.report(
            output,
            against=against,
            tasks=_tasks(tasks) if tasks is not None else None,
            target=target,
            platform=platform,
            model=tasks or "",
            tvm=tvm,
            facts=options.read_facts(facts),
        )
    context.print(
        written,
        f"Wrote {plural(written.pages, 'page')} about {plural(written.workloads, 'workload')} and "
        f"{plural(written.jobs, 'job')}: {written.path}",
    )


def _tasks(named: str) -> Any:
    """The tasks of a model in the user's code."""
    from tvmgitlib.live.base import running_tvm
    from tvmgitlib.live.tasks import load_tasks

    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    return load_tasks(named)
