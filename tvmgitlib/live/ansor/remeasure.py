"""Measuring Ansor's states on record again: replayed on the task as this TVM has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

from tvmgitlib.families.ansor import FAILED
from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.platforms import detect_for
from tvmgitlib.live.ansor.on_fleet import measuring_on
from tvmgitlib.live.ansor.recording import failed, logged
from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.common import Check, Failure, HowToMeasure, Remeasured, holding
from tvmgitlib.model import ERROR_KINDS, TuningRecord, TvmError, parse_target


def task_of(record: TuningRecord) -> Any:
    """The task of a record, where this process knows its workload.

    Raises:
        TvmError: it does not: no function of that name is registered, or it is a layer of a model, named by a hash.
    """
    from tvm.auto_scheduler import SearchTask

    try:
        task = logged(record).task
        return SearchTask(
            workload_key=task.workload_key,
            target=task.target,
            layout_rewrite_option=task.layout_rewrite_option,
            task_inputs=list(task.task_input_names),
        )
    except Exception as error:  # whatever TVM or the workload's function raises
        raise TvmError(
            f"the task cannot be made from what is on record: {last_line(error)}",
            hint="Give the task: auto_scheduler.extract_tasks makes those of a model. One of a function is also made "
            "when the module is imported that registers the function with auto_scheduler.register_workload.",
        ) from error


def remeasure(journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure) -> Iterator[Remeasured]:
    """Measure states again, all in one batch; see `LiveFamily.remeasure`.

    Where the target is this machine's CPU, a state is refused unmeasured when it computes something else than the
    schedule that nothing was done to; such a one cannot be built for a GPU. Elsewhere states are measured unchecked. A
    state that rewrites layouts is compared with the rewriting as a part of it, since else its arguments are other ones.

    Args:
        journal, task, records, how: as there.

    Raises:
        TvmError: the schedule to compare with cannot be built or run.
    """
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    loaded = {at: _input(task, record) for at, record in enumerate(records)}
    inputs = {at: each for at, each in loaded.items() if not isinstance(each, Failure)}
    target = parse_target(str(task.target)).target
    checked = how.check and target.kind == "llvm" and detect_for(target) is not None
    wrong = _wrong(task, inputs, how.check_timeout) if checked and inputs else {}
    left = {at: each for at, each in inputs.items() if at not in wrong}
    results = {at: failed(failure.kind, failure.text) for at, failure in wrong.items()}
    results |= zip(left, _measure(list(left.values()), how), strict=True)
    if inputs:
        journal.append(dump_record_to_string(each, results[at]).rstrip("\n") for at, each in inputs.items())
    for at, each in loaded.items():
        outcome = each if isinstance(each, Failure) else _outcome(results[at])
        agreed = checked and at in left
        yield Remeasured(None, outcome, agreed) if isinstance(outcome, Failure) else Remeasured(outcome, None, agreed)


def measure_untuned(task: Any, how: HowToMeasure) -> tuple[float, ...]:
    """Measure the schedule that nothing was done to; see `LiveFamily.measure_untuned`.

    A Relay build without tuning takes TOPI's schedule instead, which a task does not know: over that one the speed-up
    is another, mostly a smaller one. For a GPU the schedule that nothing was done to cannot be built.
    """
    (result,) = _measure([_untuned(task)], how)
    outcome = _outcome(result)
    if isinstance(outcome, Failure):
        raise TvmError(f"{task.desc or task.workload_key} cannot be measured untuned: {outcome.text}")
    return outcome


# States


def _input(task: Any, record: TuningRecord) -> Any:
    """The state of a record on the task, to be measured; the failure of one that this TVM cannot read."""
    from tvm.auto_scheduler.measure import MeasureInput

    try:
        found = logged(record)
    except Exception as error:  # whatever TVM raises for a step that it does not know
        return Failure("instantiation", last_line(error))
    return MeasureInput(_with_layouts(task, found.task.layout_rewrite_option), found.state)


def _untuned(task: Any) -> Any:
    from tvm.auto_scheduler import LayoutRewriteOption
    from tvm.auto_scheduler.measure import MeasureInput

    return MeasureInput(_with_layouts(task, LayoutRewriteOption.NO_REWRITE), task.compute_dag.get_init_state())


def _with_layouts(task: Any, option: int) -> Any:
    """A task with another way of rewriting layouts."""
    from tvm.auto_scheduler import SearchTask

    return SearchTask(
        compute_dag=task.compute_dag,
        workload_key=task.workload_key,
        target=task.target,
        hardware_params=task.hardware_params,
        layout_rewrite_option=option,
        task_inputs=list(task.task_input_names),
        desc=task.desc,
    )


# Outputs


def _wrong(task: Any, inputs: Mapping[int, Any], timeout: float) -> dict[int, Failure]:
    """Those of the states that fail or compute something else than the task says."""
    untuned = _untuned(task)
    with Check(_scheduling(untuned), task.target, _given(untuned), timeout) as check:
        found = {at: check.failure(_scheduling(each)) for at, each in inputs.items()}
    return {at: failure for at, failure in found.items() if failure is not None}


def _scheduling(measured: Any) -> partial[tuple[Any, Sequence[Any]]]:
    return partial(_schedule, measured.serialize())


def _schedule(serialized: Any) -> tuple[Any, Sequence[Any]]:
    from tvm.auto_scheduler import LayoutRewriteOption
    from tvm.auto_scheduler.measure import MeasureInput

    measured = MeasureInput.deserialize(serialized)
    option = measured.task.layout_rewrite_option
    if option == LayoutRewriteOption.REWRITE_FOR_PRE_TRANSFORMED:
        option = LayoutRewriteOption.INSERT_TRANSFORM_STAGE
    schedule, tensors = measured.task.compute_dag.apply_steps_from_state(measured.state, layout_rewrite=option)
    return schedule, tensors


def _given(measured: Any) -> list[Any] | None:
    """The values of arguments that a task was given; None for those that may be random."""
    from tvm.auto_scheduler.measure import prepare_runner_args

    if not measured.task.task_input_names:
        return None
    arguments = SimpleNamespace(args=list(measured.task.compute_dag.tensors))
    return list(prepare_runner_args(measured, arguments))


# Measuring


def _measure(inputs: Sequence[Any], how: HowToMeasure) -> list[Any]:
    from tvm.auto_scheduler import TuningOptions

    if not inputs:
        return []
    with holding() as held, measuring_on(how.builder or "local", how.runner or "local", held) as (builder, runner):
        options = TuningOptions(builder=builder, runner=runner)
        builds = options.builder.build(inputs, verbose=0)
        return [_sound(result) for result in options.runner.run(inputs, builds, verbose=0)]


def _sound(result: Any) -> Any:
    """A result; one whose run times can be none is a failure."""
    costs = _costs(result)
    if result.error_no != 0 or (costs and all(0 < cost < FAILED for cost in costs)):
        return result
    return failed("unknown", f"the runner gave run times of {list(costs)} s", result.all_cost)


def _costs(result: Any) -> tuple[float, ...]:
    return tuple(cost.value for cost in result.costs)


def _outcome(result: Any) -> tuple[float, ...] | Failure:
    if result.error_no == 0:
        return _costs(result)
    return Failure(ERROR_KINDS[result.error_no - 1], last_line(result.error_msg))
