"""`Job.tune_tir`, `Job.tune_relax` and `Job.tune_tasks`: TVM's own calls, with what a job does around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tvmgitlib.errors import TargetError, TvmError
from tvmgitlib.live.import_trap import fast_imports
from tvmgitlib.live.metaschedule import hooks
from tvmgitlib.live.metaschedule.measure import Measuring
from tvmgitlib.live.metaschedule.tvm import meta_schedule, tir_functions
from tvmgitlib.model.target import GivenTarget

if TYPE_CHECKING:
    from tvmgitlib.live.job import Job

#: A builder process imports much before it builds: with TVM's own 30 s, builds fail for that on a busy machine.
_BUILD_TIMEOUT = 60.0


def tune_tir(job: Job, mod: Any, target: Any, trials: int, told: dict[str, Any]) -> int:
    """See `Job.tune_tir`."""
    ms = meta_schedule()
    target = live_target(job, target)
    tasks = [ms.TuneContext(mod=func, target=target) for func in tir_functions(mod)]
    _place(job, tasks)
    measuring = Measuring(job, trials)
    options = _around(job, measuring, target, told)
    measuring.run(lambda: ms.tune_tir(mod=mod, target=target, max_trials_global=trials, **options))
    _measure_untuned(job, tasks, told)
    return measuring.measured


def tune_relax(job: Job, mod: Any, params: Any, target: Any, trials: int, told: dict[str, Any]) -> int:
    """See `Job.tune_relax`."""
    ms = meta_schedule()
    target = live_target(job, target)
    lowered = lower_relax(mod, target, params)
    tasks = ms.relax_integration.extract_tasks(lowered, target)
    _place(job, tasks)
    measuring = Measuring(job, trials)
    options = {"mod": lowered, "params": None, "target": target, **_around(job, measuring, target, told)}
    measuring.run(lambda: ms.relax_integration.tune_relax(max_trials_global=trials, **options))
    _measure_untuned(job, tasks, told)
    return measuring.measured


def lower_relax(mod: Any, target: Any, params: Any = None) -> Any:
    """A Relax module as TVM's `compile_relax` has it when it looks functions up: what is tuned is what is asked for."""
    import tvm
    from tvm import relax

    try:
        dispatch = relax.pipeline.library_dispatch_passes(target)
    except (ValueError, AttributeError):  # a target that TVM has no such passes for
        dispatch = []
    transform = relax.transform
    passes = [
        *([transform.BindParams("main", params)] if params else []),
        *dispatch,
        transform.LegalizeOps(),
        transform.AnnotateTIROpPattern(),
        transform.FoldConstant(),
        transform.FuseOps(),
        transform.FuseTIR(),
    ]
    with target, tvm.transform.PassContext(opt_level=3):
        return tvm.transform.Sequential(passes)(mod)


def tune_tasks(job: Job, tasks: Sequence[Any], weights: Sequence[float], trials: int, told: dict[str, Any]) -> int:
    """See `Job.tune_tasks`."""
    ms = meta_schedule()
    _place(job, tasks)
    targets = {str(task.target): task.target for task in tasks}
    measuring = Measuring(job, trials)
    options = _around(job, measuring, next(iter(targets.values())) if len(targets) == 1 else None, told)
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
    _measure_untuned(job, tasks, told)
    return measuring.measured


def _place(job: Job, tasks: Iterable[Any]) -> None:
    """Say before TVM is called what cannot be tuned in this job."""
    for task in tasks:
        job.place(task)


def _measure_untuned(job: Job, tasks: Iterable[Any], told: Mapping[str, Any]) -> None:
    if told.get("baseline"):
        for task in tasks:
            job.try_baseline(task, told)


def _around(job: Job, measuring: Measuring, target: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The options of TVM's call: what the user told, with the job around it."""
    if taken := sorted({"database", "work_dir"} & told.keys()):
        raise TvmError(
            f"{' and '.join(taken)}: the job has its own",
            hint="To log into a job from TVM's own calls, give them database=job.database().",
        )
    builder, runner = builder_and_runner(told)
    strategy = told.get("strategy", "evolutionary")
    if isinstance(strategy, str):
        strategy = meta_schedule().search_strategy.SearchStrategy.create(strategy)
    return {
        **{name: option for name, option in told.items() if name != "baseline"},
        "work_dir": str(job.work_dir),
        "builder": hooks.builder()(measuring, builder),
        "runner": hooks.runner()(measuring, runner),
        "strategy": hooks.search_strategy()(measuring, strategy),
        "database": hooks.job_database()(job, target, logged=True),
    }


def builder_and_runner(told: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the user told to build and to run with, by default on this machine."""
    ms = meta_schedule()
    builder, runner = told.get("builder", "local"), told.get("runner", "local")
    if builder == "local":
        builder = ms.builder.LocalBuilder(timeout_sec=_BUILD_TIMEOUT, initializer=fast_imports)
    if isinstance(runner, str):
        runner = ms.runner.Runner.create(runner)
    return builder, runner


def live_target(job: Job, target: Any) -> Any:
    """The target as TVM's object: the one given, else the job's."""
    import tvm

    if target is None:
        if job.target is None:
            raise TargetError("neither the call nor the job says a target", hint="Give target=...")
        target = target_attributes(job.target)
    return target if isinstance(target, tvm.target.Target) else tvm.target.Target(target)


def target_attributes(given: GivenTarget) -> dict[str, Any]:
    """A target as a dict that every TVM reads, with what MetaSchedule wants to know beside its identity."""
    facts = {"num-cores": given.num_cores, "model": given.model}
    return {**given.target.to_dict(), **{name: fact for name, fact in facts.items() if fact is not None}}
