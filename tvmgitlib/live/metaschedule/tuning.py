"""`Job.tune_tir`, `Job.tune_relax` and `Job.tune_tasks`: TVM's own calls, with what a job does around them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.platforms import is_this_triple
from tvmgitlib.live.at_hand import fast_imports, target_of_call
from tvmgitlib.live.common import HowToMeasure, Suggesters, elsewhere, name_of, place_of, plain
from tvmgitlib.live.fleet import Fleet
from tvmgitlib.live.metaschedule import hooks
from tvmgitlib.live.metaschedule.extracting import lower_relax
from tvmgitlib.live.metaschedule.measure import Measuring
from tvmgitlib.live.metaschedule.on_fleet import fleet_runner
from tvmgitlib.live.metaschedule.tvm import meta_schedule, normalize, tir_functions, unsearchable
from tvmgitlib.model import Json, TargetError, TvmError, parse_target

_log = logging.getLogger("tvmgitlib")

#: Options whose values are objects, which are recorded by the names of their classes.
_BY_NAME = frozenset(("strategy", "cost_model", "space", "task_scheduler"))

#: What TVM's calls that make contexts call the options of these.
OF_CONTEXT: Final = {
    "space": "space_generator",
    "strategy": "search_strategy",
    "seed": "rand_state",
    "num_tuning_cores": "num_threads",
}

#: A builder process imports much before it builds: with TVM's own 30 s, builds fail for that on a busy machine.
_BUILD_TIMEOUT = 60.0


class Tuned(Struct, frozen=True):
    """What one of TVM's calls did.

    Attributes:
        trials: how many trials were made.
        tasks: what was tuned.
    """

    trials: int
    tasks: tuple[Any, ...]


def tune_tir(
    journal: Journal, mod: Any, target: Any, trials: int, told: dict[str, Any], warm: Suggesters | None = None
) -> Tuned:
    """See `Job.tune_tir`."""
    ms = meta_schedule()
    target = with_cores(target_of_call(journal, target), told.get("runner"))
    functions = _searchable(tir_functions(mod), normalize, lambda func: _name_in(mod, func))
    tasks = [ms.TuneContext(mod=func, target=target) for func in functions]
    _place(journal, tasks)
    measuring = Measuring(journal, trials, warm)
    options = _around(
        journal, measuring, target, {"max_trials_global": trials, **told}, warm.told(tasks) if warm else {}
    )
    if functions:
        if len(functions) < len(tir_functions(mod)):
            mod = _module_of(mod, functions)
        measuring.run(lambda: ms.tune_tir(mod=mod, target=target, **options))
    return Tuned(measuring.measured, tuple(tasks))


def tune_relax(
    journal: Journal,
    mod: Any,
    params: Any,
    target: Any,
    trials: int,
    told: dict[str, Any],
    warm: Suggesters | None = None,
) -> Tuned:
    """See `Job.tune_relax`."""
    ms = meta_schedule()
    target = with_cores(target_of_call(journal, target), told.get("runner"))
    lowered = lower_relax(mod, target, params)
    extracted = list(ms.relax_integration.extract_tasks(lowered, target))
    tasks = _searchable(extracted, lambda task: task.dispatched[0], _name)
    _place(journal, tasks)
    measuring = Measuring(journal, trials, warm)
    options = _around(
        journal, measuring, target, {"max_trials_global": trials, **told}, warm.told(tasks) if warm else {}
    )
    if len(tasks) == len(extracted):
        measuring.run(lambda: ms.relax_integration.tune_relax(mod=lowered, params=None, target=target, **options))
    elif tasks:
        measuring.run(lambda: _tune_some(tasks, options))
    return Tuned(measuring.measured, tuple(tasks))


def _tune_some(tasks: Sequence[Any], options: dict[str, Any]) -> None:
    """What TVM's `tune_relax` does, with some of a module's tasks."""
    ms = meta_schedule()
    wanted = options.pop("op_names", None)
    if wanted:
        tasks = [task for task in tasks if any(name in task.task_name for name in wanted)]
    making = {name: options.pop(name) for name in ("space", "strategy", "seed") if name in options}
    contexts, weights = ms.relax_integration.extracted_tasks_to_tune_contexts(
        extracted_tasks=tasks, work_dir=options["work_dir"], **making
    )
    ms.tune_tasks(tasks=contexts, task_weights=weights, **options)


def tune_tasks(
    journal: Journal,
    tasks: Sequence[Any],
    weights: Sequence[float],
    trials: int,
    told: dict[str, Any],
    warm: Suggesters | None = None,
) -> Tuned:
    """See `Job.tune_tasks`."""
    ms = meta_schedule()
    weight_of = {id(task): weight for task, weight in zip(tasks, weights, strict=True)}
    tasks = _searchable(tasks, lambda task: task.mod, _name)
    _place(journal, tasks)
    targets = {str(task.target): task.target for task in tasks}
    measuring = Measuring(journal, trials, warm)
    target = next(iter(targets.values())) if len(targets) == 1 else None
    options = _around(
        journal, measuring, target, {"max_trials_global": trials, **told}, warm.told(tasks) if warm else {}
    )
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
    if contexts:
        chosen = [weight_of[id(task)] for task in tasks]
        measuring.run(lambda: ms.tune_tasks(tasks=contexts, task_weights=chosen, **options))
    return Tuned(measuring.measured, tuple(tasks))


def context_of(task: Any, target: Any, told: Mapping[str, Any], runner: Any = None) -> Any:
    """A task of any kind as `tune_tasks` takes it.

    Args:
        task: a function, an extracted task or a context, which stays as it is.
        target: TVM's object, for what does not say its own.
        told: options of TVM's other calls that are a context's; see `OF_CONTEXT`.
        runner: what runs its trials.
    """
    ms = meta_schedule()
    if isinstance(task, ms.TuneContext):
        return task
    is_extracted = hasattr(task, "dispatched")
    asked = {name: told[option] for option, name in OF_CONTEXT.items() if option in told}
    return ms.TuneContext(
        mod=task.dispatched[0] if is_extracted else normalize(task),
        target=target_of_search(task, target, runner),
        task_name=task.task_name if is_extracted else "main",
        **{"space_generator": "post-order-apply", "search_strategy": "evolutionary", **asked},
    )


def target_of_search(task: Any, target: Any, runner: Any) -> Any:
    """The target that a task is searched for, as `with_cores`.

    Args:
        task: a function, an extracted task, or a context, whose own target is as it is.
        target: TVM's object, for what does not say its own.
        runner: what runs its trials.

    Raises:
        TargetError: as there.
    """
    if isinstance(task, meta_schedule().TuneContext):
        return task.target
    return with_cores(task.target if hasattr(task, "dispatched") else target, runner)


def with_cores(target: Any, runner: Any) -> Any:
    """A target as MetaSchedule's search takes it, which asks of a CPU how many cores it has.

    Args:
        target: TVM's object; None where nothing says one.
        runner: what runs the trials. Where the target does not say the cores, this machine's are counted, unless the
            runner is one of another machine, or the target's triple is: of a runner of the user's own nobody can tell.

    Raises:
        TargetError: there is no target, or the cores are those of another machine, and so not known.
    """
    if target is None:
        raise TargetError("nothing says the target of a function", hint="Give target=...")
    told = dict(target.export())
    if told["kind"] != "llvm" or "num-cores" in told:
        return target
    where = elsewhere(HowToMeasure(runner=runner))
    if where is not None or not is_this_triple(str(told.get("mtriple", ""))):
        why = f"measuring is for {where}" if where is not None else "its triple is not this machine's"
        label = parse_target(target).target.label
        raise TargetError(
            f"MetaSchedule's search asks how many cores the device has, and the target {label} does not say it: {why}",
            hint='Say it in the target: "num-cores": 4, for one with four.',
        )
    import tvm

    told.pop("tag", None)  # of a target that is not this one any more
    return tvm.target.Target({**told, "num-cores": meta_schedule().utils.cpu_count(logical=False)})


def _searchable(tasks: Sequence[Any], module: Callable[[Any], Any], name: Callable[[Any], str]) -> list[Any]:
    """The tasks that TVM can search; the others are left out by name, with the reason."""
    found = []
    for task in tasks:
        why = unsearchable(module(task))
        if why is None:
            found.append(task)
        else:
            _log.warning("%s is left out: %s", name(task), why)
    return found


def _name(task: Any) -> str:
    return str(task.task_name)


def _name_in(mod: Any, func: Any) -> str:
    """What a module calls one of its functions; a function on its own is all there is."""
    named = mod.functions_items() if hasattr(mod, "functions_items") else ()
    return next((name.name_hint for name, each in named if each.same_as(func)), "the function")


def _module_of(mod: Any, functions: Sequence[Any]) -> Any:
    """A module of some of the functions of another one."""
    from tvm.ir import IRModule

    named = [(name, func) for name, func in mod.functions_items()]
    return IRModule({name: func for name, func in named if any(func.same_as(each) for each in functions)})


def _place(journal: Journal, tasks: Iterable[Any]) -> None:
    """Say before TVM is called what cannot be tuned in this job."""
    for task in tasks:
        place_of(journal, task)


def _around(
    journal: Journal, measuring: Measuring, target: Any, told: dict[str, Any], begun: dict[str, Json]
) -> dict[str, Any]:
    """The options of TVM's call: what the user told, with the job around it.

    Args:
        journal, measuring, target, told: as they are.
        begun: what the job's header says of a warm start.
    """
    if taken := sorted({"database", "work_dir"} & told.keys()):
        raise TvmError(
            f"{' and '.join(taken)}: the job has its own",
            hint="To log into a job from TVM's own calls, give them database=job.database().",
        )
    builder, runner = builder_and_runner(told.get("builder"), told.get("runner"))
    strategy = told.get("strategy", "evolutionary")
    objects = {name: name_of(told[name]) for name in _BY_NAME & told.keys() if told[name] is not None}
    journal.note_tuner(name_of(strategy), {**plain({**told, **objects}), **begun})
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
    """What the user wants to build and to run with; None, like "local", is this machine; a fleet is one to run on."""
    ms = meta_schedule()
    if builder in (None, "local"):
        builder = ms.builder.LocalBuilder(timeout_sec=_BUILD_TIMEOUT, initializer=fast_imports)
    if isinstance(runner, Fleet):
        runner = fleet_runner()(runner)
    elif runner is None or isinstance(runner, str):
        runner = ms.runner.Runner.create(runner or "local")
    return builder, runner
