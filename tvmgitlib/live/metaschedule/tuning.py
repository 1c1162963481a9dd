"""`Job.tune_tir`, `Job.tune_relax` and `Job.tune_tasks`: TVM's own calls, with what a job does around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tvmgitlib.errors import TvmError
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.base import place_of
from tvmgitlib.live.import_trap import fast_imports
from tvmgitlib.live.metaschedule import hooks
from tvmgitlib.live.metaschedule.extracting import lower_relax
from tvmgitlib.live.metaschedule.measure import Measuring
from tvmgitlib.live.metaschedule.tvm import meta_schedule, tir_functions
from tvmgitlib.live.targets import target_of_call

#: A builder process imports much before it builds: with TVM's own 30 s, builds fail for that on a busy machine.
_BUILD_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Tuned:
    """What one of TVM's calls did.

    Attributes:
        trials: how many trials were made.
        tasks: what was tuned.
    """

    trials: int
    tasks: tuple[Any, ...]


def tune_tir(journal: Journal, mod: Any, target: Any, trials: int, told: dict[str, Any]) -> Tuned:
    """See `Job.tune_tir`."""
    ms = meta_schedule()
    target = target_of_call(journal, target)
    tasks = [ms.TuneContext(mod=func, target=target) for func in tir_functions(mod)]
    _place(journal, tasks)
    measuring = Measuring(journal, trials)
    options = _around(journal, measuring, target, told)
    measuring.run(lambda: ms.tune_tir(mod=mod, target=target, max_trials_global=trials, **options))
    return Tuned(measuring.measured, tuple(tasks))


def tune_relax(journal: Journal, mod: Any, params: Any, target: Any, trials: int, told: dict[str, Any]) -> Tuned:
    """See `Job.tune_relax`."""
    ms = meta_schedule()
    target = target_of_call(journal, target)
    lowered = lower_relax(mod, target, params)
    tasks = ms.relax_integration.extract_tasks(lowered, target)
    _place(journal, tasks)
    measuring = Measuring(journal, trials)
    options = {"mod": lowered, "params": None, "target": target, **_around(journal, measuring, target, told)}
    measuring.run(lambda: ms.relax_integration.tune_relax(max_trials_global=trials, **options))
    return Tuned(measuring.measured, tuple(tasks))


def tune_tasks(
    journal: Journal, tasks: Sequence[Any], weights: Sequence[float], trials: int, told: dict[str, Any]
) -> Tuned:
    """See `Job.tune_tasks`."""
    ms = meta_schedule()
    _place(journal, tasks)
    targets = {str(task.target): task.target for task in tasks}
    measuring = Measuring(journal, trials)
    options = _around(journal, measuring, next(iter(targets.values())) if len(targets) == 1 else None, told)
    del options["strategy"]
    strategy = hooks.search_strategy()
    contexts = [
        ms.TuneContext(
            mod=task.mod,
            target=task.target,
            space_generator=task.space_generator.clone(),
            search_strategy=strategy(measuring, task.search_strategy.clone()),
            task_name=task.task_name,
            rand_state=task.rand_state,
            num_threads=task.num_threads,
        )
        for task in tasks
    ]
    measuring.run(
        lambda: ms.tune_tasks(tasks=contexts, task_weights=list(weights), max_trials_global=trials, **options)
    )
    return Tuned(measuring.measured, tuple(tasks))


def _place(journal: Journal, tasks: Iterable[Any]) -> None:
    """Say before TVM is called what cannot be tuned in this job."""
    for task in tasks:
        place_of(journal, task)


def _around(journal: Journal, measuring: Measuring, target: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The options of TVM's call: what the user told, with the job around it."""
    if taken := sorted({"database", "work_dir"} & told.keys()):
        raise TvmError(
            f"{' and '.join(taken)}: the job has its own",
            hint="To log into a job from TVM's own calls, give them database=job.database().",
        )
    builder, runner = builder_and_runner(told.get("builder"), told.get("runner"))
    strategy = told.get("strategy", "evolutionary")
    if isinstance(strategy, str):
        strategy = meta_schedule().search_strategy.SearchStrategy.create(strategy)
    return {
        **{name: option for name, option in told.items() if name != "baseline"},
        "work_dir": str(journal.work_dir),
        "builder": hooks.builder()(measuring, builder),
        "runner": hooks.runner()(measuring, runner),
        "strategy": hooks.search_strategy()(measuring, strategy),
        "database": hooks.job_database()(journal, target, logged=True),
    }


def builder_and_runner(builder: Any, runner: Any) -> tuple[Any, Any]:
    """What the user wants to build and to run with; None, like "local", is this machine."""
    ms = meta_schedule()
    if builder in (None, "local"):
        builder = ms.builder.LocalBuilder(timeout_sec=_BUILD_TIMEOUT, initializer=fast_imports)
    if runner is None or isinstance(runner, str):
        runner = ms.runner.Runner.create(runner or "local")
    return builder, runner
