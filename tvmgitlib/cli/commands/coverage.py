"""`tvmgitlib coverage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.cli.streams import output_as_errors
from tvmgitlib.cli.tables import duration, fitted, table

if TYPE_CHECKING:
    from tvmgitlib.live.coverage_values import Coverage, TaskCoverage


@click.command(
    epilog=options.example(
        "tvmgitlib coverage model.py:tasks --platform rk3399",
        "tvmgitlib coverage models.mlp:module --target cuda --exit-code",
    )
)
@click.argument("tasks", metavar="TASKS")
@click.option("--target", metavar="TARGET", help="The target of what does not say its own, in any spelling.")
@click.option("--platform", metavar="NAME", help="The platform, where a target names no model. [this machine]")
@click.option(
    "--accept",
    type=click.Choice(["exact", "stale"]),
    default="exact",
    show_default=True,
    help="The worst grade that the build applies.",
)
@options.facts
@click.option(
    "--family",
    type=options.FamilyChoice(),
    help="Only this tuner family; the one that extracts the tasks of a Relay module. [autotvm]",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a task is not covered.")
@pass_context
def command(context: Context, tasks: str, accept: Any, facts: tuple[str, ...], exit_code: bool, **told: Any) -> int:
    """Show how much of a model is tuned.

    TASKS is PATH/FILE.py:NAME or MODULE:NAME in your own code: a list of tasks, a Relax or Relay module, alone or as
    (module, params), TensorIR functions, or a function without arguments that gives them. A task is covered when a
    build with this library and the TVM at hand would apply a record to it. The estimated time is that of the record,
    else of the fastest measurement there is; what nobody has measured is left out of the share. Exit code 1 when
    there is no task.
    """
    from tvmgitlib.live.base import running_tvm
    from tvmgitlib.live.config_library import ConfigLibrary
    from tvmgitlib.live.tasks import load_tasks

    library = ConfigLibrary(context.library)
    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    with output_as_errors():
        found = library.coverage(load_tasks(tasks), accept=accept, facts=options.read_facts(facts), **told)
    if not found.tasks:
        note("No task was found.")
    context.print(found.to_json(), _words(found))
    return 0 if found.tasks and not (exit_code and len(found.covered) < len(found.tasks)) else 1


def _words(coverage: Coverage) -> str:
    places: dict[tuple[str, str, str | None], list[TaskCoverage]] = {}
    for task in coverage.tasks:
        places.setdefault((task.family, task.target, task.platform), []).append(task)
    return "\n\n".join([*(_place(tasks, coverage.latency) for tasks in places.values()), f"{coverage.line}."])


def _place(tasks: list[TaskCoverage], latency: float) -> str:
    """One target and platform with its tasks."""
    from tvmgitlib.library.changes.messages import plural

    first = tasks[0]
    columns = {
        "estimate": [duration(task.estimate) if task.estimate is not None else "none" for task in tasks],
        "share": [f"{task.latency / latency:.1%}" if task.estimate is not None and latency else "" for task in tasks],
        "trials": [f"{task.trials:,}" for task in tasks],
        "state": [task.state for task in tasks],
        "workload": [task.workload_label for task in tasks],
    }
    right = 3
    if any(task.weight != 1 for task in tasks):
        columns = {"times": [f"{task.weight:g}" for task in tasks], **columns}
        right += 1
    if not all(task.is_covered for task in tasks):
        columns["why"] = ["" if task.is_covered else task.why for task in tasks]
    platform = first.platform or "on no known platform"
    title = f"{platform}: {first.target_label} ({first.family}), {plural(len(tasks), 'task')}"
    rows = list(zip(*columns.values(), strict=True))
    return fitted(title) + "\n" + table(rows, header=list(columns), right=range(right), indent="  ")
