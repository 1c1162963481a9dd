"""`tvmgitlib report`."""

from __future__ import annotations

from typing import Any

import click

from tvmgitlib.cli.common import (
    Context,
    complete_platforms,
    example,
    facts_option,
    note,
    pass_context,
    read_facts,
    rev_option,
    tvm_at_hand_option,
)
from tvmgitlib.cli.terminal.streams import output_as_errors
from tvmgitlib.model import plural


@click.command(
    epilog=example("tvmgitlib report -o site", "tvmgitlib report --against v1 --tasks model.py:module --target cuda")
)
@click.option(
    "-o", "--output", metavar="DIR", default="tvmgitlib-report", show_default=True, help="The folder to write it to."
)
@rev_option
@click.option("--against", metavar="REV", help="Show what happened to the best configs since this commit.")
@click.option("--tasks", metavar="TASKS", help="Show how much of a model is tuned: as tvmgitlib coverage takes it.")
@click.option("--target", metavar="TARGET", help="The target of a model that does not say its own.")
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=complete_platforms,
    help="The platform of a model whose target names none. [this machine]",
)
@tvm_at_hand_option("The TVM that would use the configs: grades them. [the one installed in this Python, if any]")
@facts_option
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
            facts=read_facts(facts),
        )
    context.print(
        written,
        f"Wrote {plural(written.pages, 'page')} about {plural(written.workloads, 'workload')} and "
        f"{plural(written.jobs, 'job')}: {written.path}",
    )


def _tasks(named: str) -> Any:
    """The tasks of a model in the user's code."""
    from tvmgitlib.live.common import running_tvm
    from tvmgitlib.live.tasks import load_tasks

    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    return load_tasks(named)
