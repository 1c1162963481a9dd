"""`tvmgitlib tune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tvmgitlib.cli.common import (
    Column,
    Context,
    complete_platforms,
    count,
    example,
    factor,
    facts_option,
    fleet_options,
    note,
    pass_context,
    read_facts,
    seconds,
    share_option,
    table,
    time_span,
)
from tvmgitlib.cli.live_table import live_table
from tvmgitlib.cli.terminal.streams import output_as_errors
from tvmgitlib.model import listed, plural, rough

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tvmgitlib.config_library import ConfigLibrary
    from tvmgitlib.live.fleet import Fleet
    from tvmgitlib.live.tuning import ModelTuned, TaskTuning, Tuning

#: Lines of a terminal that no task has: the header, what is left out, the last line, and the cursor's.
_OTHER_LINES = 5


def _shard(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The value of --shard, which has to be one."""
    from tvmgitlib.model import SelectionError
    from tvmgitlib.rules.sharding import Shard

    try:
        return str(Shard.parse(value)) if value is not None else None
    except SelectionError as error:
        raise click.BadParameter(f"{error.message}. {error.hint}", context, parameter) from None


@click.command(
    epilog=example(
        "tvmgitlib tune model.onnx --trials 256 --target cuda --budget 2h",
        "tvmgitlib tune model.py:mod --trials 64 --target cuda --warm-start",
        "tvmgitlib tune a.onnx b.onnx --shard 3/8 --trials 256 --target cuda",
    )
)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--target", metavar="TARGET", help="The target of what does not say its own, in any spelling.")
@click.option(
    "--trials", type=click.IntRange(min=1), required=True, help="Trials that shall be on record for each task."
)
@click.option(
    "--tuner",
    type=click.Choice(["xgb", "ga", "random", "gridsearch", "ansor", "evolutionary"]),
    help="Of AutoTVM the first four. [of a Relax model: evolutionary; of a Relay one: xgb]",
)
@click.option(
    "--platform",
    metavar="NAME",
    shell_complete=complete_platforms,
    help="The platform, where a target names no model. [this machine]",
)
@facts_option
@click.option("--shape", "shapes", metavar="INPUT=N,N", multiple=True, help="The shape of an ONNX model's input.")
@click.option("--warm-start", is_flag=True, help="First try what other workloads suggest.")
@click.option("--budget", metavar="TIME", callback=time_span, help="Begin no trial after so long: 30m, 2h.")
@click.option("--key", metavar="NAME", help="What the job is for. [the names of the models' files]")
@click.option("--shard", metavar="N/M", callback=_shard, help="Tune one part of the tasks: 3/8 is the third of eight.")
@fleet_options
@click.option(
    "--rpc-patience",
    "patience",
    metavar="TIME",
    default="10m",
    show_default=True,
    callback=time_span,
    help="How long to wait for boards that are away.",
)
@share_option
@pass_context
def command(
    context: Context,
    models: tuple[str, ...],
    facts: tuple[str, ...],
    shapes: tuple[str, ...],
    trials: int,
    fleet: tuple[str, str] | None,
    patience: float,
    **told: Any,
) -> int:
    """Tune models: ONNX files, PyTorch exports, or your own code.

    MODEL is an ONNX file, a PyTorch export (.pt2), or PATH/FILE.py:NAME or MODULE:NAME in your own code, as
    tvmgitlib coverage takes it. The tasks of all, shared ones once, are tuned until each has as many trials on record;
    those that have are skipped, and so are configs whose result is known; all that is measured is committed as one
    job. Each result is on the disk as it comes: what is interrupted goes on when it is called again with the same
    MODELs (or --key), --shard, target and platform. Each task is measured untuned first, where nobody has, so that the
    speed-up is known; no build applies a config that is slower.

    With --shard each of several machines tunes a part of the tasks, and all make the same parts: they depend on the
    models, the target and TVM alone, and each takes about as long as another.

    With --rpc-tracker trials are measured on boards behind TVM's own tracker, on all at once. Their platform has to be
    named. A board or tracker that dies or is away is waited for; after --rpc-patience the job stays open, exit code 75
    says "try again", and the same command goes on.

    With a TVM that has Relay an ONNX model is a Relay one, and --tuner says whose tasks to take; else it is a Relax
    one, for MetaSchedule. Exit code 1 when there is no task, or one that TVM can tune has fewer trials on record than
    asked for or no config.

    With --share the job is begun only if no other machine has it open: else the exit code is 75. The same command goes
    on anywhere with what another machine has left, and measures nothing twice.
    """
    from tvmgitlib.live.common import running_tvm

    library = context.open()
    running_tvm()  # the user's code imports TVM: where there is none, say that and no more
    if fleet is not None:
        told["runner"] = _fleet(library, *fleet, told, patience)
    with output_as_errors(), live_table() as shown:

        def watch(tuning: Tuning) -> None:
            if shown is not None:
                shown.show(lambda: _progress(tuning))

        model = models[0] if len(models) == 1 else list(models)
        done = library.tune(model, trials, facts=read_facts(facts), shapes=_shapes(shapes), watch=watch, **told)
    if not done.tasks:
        note("This shard has no task: there are fewer than shards." if done.has_tasks else "No task was found.")
    context.print_written(done, as_text(done), library.path if done.result.commit else None)
    return 0 if done.is_complete else 1


def _fleet(library: ConfigLibrary, tracker: str, key: str, told: Mapping[str, Any], patience: float) -> Fleet:
    """The boards to measure on; says which were found."""
    from tvmgitlib.model import parse_target, platform_name_from

    model = parse_target(told["target"]).model if told["target"] is not None else None
    platform = platform_name_from(model) if model is not None else told["platform"]
    if platform is None:
        raise click.UsageError("--rpc-tracker measures on another machine: name it with --platform NAME.")
    found = library.fleet(tracker, key, platform=platform, patience=patience)
    boards = found.found().boards
    note(f"{plural(len(boards), 'board')} of {found.name}: {listed(boards)}")
    return found


def _shapes(assignments: tuple[str, ...]) -> dict[str, list[int]]:
    shapes: dict[str, list[int]] = {}
    for assignment in assignments:
        name, _, sizes = assignment.rpartition("=")
        try:
            shapes[name] = [int(size) for size in sizes.split(",")]
        except ValueError:
            name = ""
        if not name:
            raise click.BadParameter(f"{assignment!r} is not INPUT=N,N", param_hint="--shape")
    return shapes


def as_text(done: ModelTuned) -> str:
    """What came of a model for people."""
    if not done.tasks:
        return ""
    result = done.result
    if result.job is None:
        last = "Nothing was measured, and nothing was committed."
    else:
        last = f"Job {result.job} is committed as {(result.commit or '')[:12]}."
    return f"{table(done.tasks, _COLUMNS)}\n{done.line}.\n{done.coverage.line}.\n{last}"


def _progress(tuning: Tuning) -> str:
    """How far it is: the tasks that are being tuned, and as many of the others as there is room for."""
    import shutil

    from tvmgitlib.live.tuning import against_untuned

    room = shutil.get_terminal_size().lines - _OTHER_LINES
    chosen = sorted(tuning.tasks, key=lambda task: _FIRST.get(task.state, len(_FIRST)))[: max(room, 1)]
    tasks = [task for task in tuning.tasks if task in chosen]
    more = [f"and {len(tuning.tasks) - len(tasks):,} more"] if len(tasks) < len(tuning.tasks) else []
    made, failed = (sum(getattr(task, name) for task in tuning.tasks) for name in ("made", "failed"))
    said = [f"{made:,} trials, {failed:,} failed", f"{rough(tuning.elapsed)} so far"]
    if gain := against_untuned(tuning.tasks):
        said.insert(1, gain)
    if tuning.left is not None:
        said.append(f"{rough(tuning.left)} left")
    return "\n".join([table(tasks, _COLUMNS), *more, ", ".join(said)])


#: Whose rows are shown where there is no room for all.
_FIRST = {"tuning": 0, "failed": 1, "waiting": 2}

_COLUMNS: tuple[Column[TaskTuning], ...] = (
    count("trials", lambda task: task.trials),
    count("errors", lambda task: task.failed),
    seconds("untuned", lambda task: task.baseline),
    seconds("best", lambda task: task.cost),
    factor("speed-up", lambda task: task.speedup),
    Column("state", lambda task: task.state),
    Column("workload", lambda task: task.workload_label, ident=lambda task: task.workload_id),
    Column("why", lambda task: task.why, when=lambda tasks: any(task.why for task in tasks), apart=True),
)
