"""`tvmgitlib suggest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tvmgitlib.cli.common import Column, Context, FamilyChoice, complete_platforms, example, note, pass_context, table
from tvmgitlib.cli.terminal.streams import output_as_errors

if TYPE_CHECKING:
    from tvmgitlib.library.suggesting import Suggested, Suggestions


@click.command(
    epilog=example(
        "tvmgitlib suggest --tasks model.py:mod --target cuda --platform rtx-4090",
        "tvmgitlib --json suggest --tasks models.mlp:tasks -n 4",
    )
)
@click.option("--tasks", required=True, metavar="TASKS", help="PATH/FILE.py:NAME or MODULE:NAME in your own code.")
@click.option("--target", metavar="TARGET", help="The target of what does not say its own, in any spelling.")
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=complete_platforms,
    help="The platform, where a target names no model. [this machine]",
)
@click.option("--family", type=FamilyChoice(), help="Only this tuner family.")
@click.option("-n", "count", type=click.IntRange(min=1), default=16, show_default=True, help="At most so many a task.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn.")
@pass_context
def command(
    context: Context, tasks: str, target: str | None, platform: str | None, family: str | None, count: int, seed: int
) -> int:
    """Suggest configs for tasks by what was tried for others.

    TASKS gives a list of tasks, a Relax or Relay module, alone or as (module, params), TensorIR functions, or is a
    function without arguments that gives them; none of them need ever have been tuned. Suggested is, best first and by
    turns, what a model of the trials of other workloads of the same operator, target and platform ranks highest (where
    XGBoost is installed and 4 other workloads are on record), and the best configs of the nearest ones, with their
    factors snapped to divisors of the task's extents. Of other platforms of the same target only the same workload's
    configs are, and of another target none, ever. Nothing is measured, and nothing is written. Exit code 1 when there
    is no suggestion.

    --json prints a line for each task: by, why and seed beside its place, and its suggestions, each with config, how,
    share (the predicted one of the best config's speed), distance (the doublings between the sizes of the nearest
    source and the task's), jobs and why.
    """
    from tvmgitlib.config_library import ConfigLibrary
    from tvmgitlib.live.common import running_tvm
    from tvmgitlib.live.tasks import load_tasks

    library = ConfigLibrary(context.library)
    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    with output_as_errors():
        found = library.suggest(load_tasks(tasks), count, target=target, platform=platform, family=family, seed=seed)
    if not found:
        note("No task was found.")
    context.print_lines(found, lambda: as_text(found))
    return 0 if any(map(len, found)) else 1


def as_text(answers: list[Suggestions]) -> str:
    """Suggestions for people, task by task."""
    return "\n\n".join(map(_task, answers))


def _task(answer: Suggestions) -> str:
    lines = [f"{answer.workload_label}  [{answer.target_label}, {answer.platform}]"]
    if answer.by:
        lines.append(f"by {answer.by}")
    if answer.why:
        lines.append(answer.why)
    if len(answer):
        lines.append(table(list(answer), _COLUMNS))
    return "\n".join(lines)


_COLUMNS: tuple[Column[Suggested], ...] = (
    Column("share", lambda each: f"{each.share:.0%}", right=True),
    Column("how", lambda each: each.how),
    Column("why", lambda each: each.why, apart=True),
)
