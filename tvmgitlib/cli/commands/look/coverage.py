"""`tvmgitlib coverage`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    FamilyChoice,
    Listing,
    by_place,
    complete_platforms,
    count,
    example,
    facts_option,
    list_options,
    note,
    pass_context,
    place_columns,
    queued_option,
    read_facts,
    text_of,
    with_place,
)
from tvmgitlib.cli.terminal.streams import output_as_errors
from tvmgitlib.model import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from tvmgitlib.live.coverage import Coverage, TaskCoverage

    _Share: TypeAlias = Callable[[TaskCoverage], float | None]


@click.command(
    epilog=example(
        "tvmgitlib coverage model.py:tasks --platform rk3399",
        "tvmgitlib coverage models.mlp:module --target cuda --exit-code",
        "tvmgitlib coverage model.py:tasks --target cuda --sort -share --limit 10",
    )
)
@click.argument("tasks", metavar="TASKS")
@click.option("--target", metavar="TARGET", help="The target of what does not say its own, in any spelling.")
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=complete_platforms,
    help="The platform, where a target names no model. [this machine]",
)
@click.option(
    "--accept",
    type=click.Choice(["exact", "stale", "suggested"]),
    default="exact",
    show_default=True,
    help="The worst that the build applies; suggested: for what has no record, what other workloads suggest.",
)
@facts_option
@click.option(
    "--family",
    type=FamilyChoice(),
    help="Only this tuner family. [of a Relay module: those that have records for the target, else autotvm]",
)
@queued_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a task that TVM can tune is not covered.")
@list_options(lambda _: _columns(lambda _: None))
@pass_context
def command(
    context: Context,
    tasks: str,
    accept: Any,
    facts: tuple[str, ...],
    queued: bool,
    exit_code: bool,
    listing: Listing,
    **told: Any,
) -> int:
    """Show how much of a model is tuned.

    TASKS is PATH/FILE.py:NAME or MODULE:NAME in your own code: a list of tasks, a Relax or Relay module, alone or as
    (module, params), TensorIR functions, or a function without arguments that gives them. A task is covered when a
    build with this library and the TVM at hand would apply a record to it. The estimated time is that of the record,
    else of the fastest measurement there is; what nobody has measured is left out of the share. A Relay module
    has tasks of each tuner family, and a build takes one family's: those are looked at of which the library has records
    for the target, and the last line says which and counts the one that covers most. What TVM cannot tune (a shape that
    is only known when it runs) is unsearchable. With --accept suggested, what has no record and for which a suggestion
    builds is suggested: it counts as such, and not as covered. Exit code 1 when there is no task.
    """
    from tvmgitlib.live.common import running_tvm
    from tvmgitlib.live.tasks import load_tasks

    library = context.open(queued=queued)
    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    with output_as_errors():
        found = library.coverage(load_tasks(tasks), accept=accept, facts=read_facts(facts), **told)
    if not found.tasks:
        note("No task was found.")
    wanted = listing.rows(found.tasks, _columns(_share_of(found)))
    context.print_long(found.to_json() | {"tasks": [task.to_json() for task in wanted]}, as_text(found, listing))
    return 0 if found.tasks and (found.is_complete or not exit_code) else 1


def as_text(coverage: Coverage, listing: Listing = Listing()) -> str:
    """Tasks of a coverage as they are wanted; for people place by place, and the whole in one line."""
    columns = with_place(_columns(_share_of(coverage)), listing)
    text = text_of(listing.rows(coverage.tasks, columns), columns, listing, partial(by_place, noun="task"))
    if listing.form != "table":
        return text
    return "\n\n".join(part for part in (text, f"{coverage.line}.") if part)


def _share_of(coverage: Coverage) -> _Share:
    """What part of the estimated time a task takes; None for one that the build has no use for, or without estimate."""
    latency, of_build = coverage.latency, set(coverage.of_build)
    return lambda task: task.share_of(latency) if task in of_build else None


def _columns(share: _Share) -> tuple[Column[TaskCoverage], ...]:
    return (
        *place_columns(),
        Column(
            "times",
            lambda task: f"{task.weight:g}",
            right=True,
            when=lambda tasks: any(task.weight != 1 for task in tasks),
            value=lambda task: task.weight,
        ),
        Column("estimate", lambda task: duration(task.estimate, "none"), right=True, value=lambda task: task.estimate),
        Column(
            "share",
            lambda task: f"{part:.1%}" if (part := share(task)) is not None else "",
            right=True,
            value=share,
        ),
        count("trials", lambda task: task.trials),
        Column("state", lambda task: task.state),
        Column("workload", lambda task: task.workload_label, ident=lambda task: task.workload_id),
        Column(
            "why",
            lambda task: "" if task.is_covered else task.why,
            when=lambda tasks: not all(task.is_covered for task in tasks),
            apart=True,
        ),
    )
