"""Measuring AutoTVM configs on record again, as a tuner of this TVM would measure them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from tvmgitlib.families.autotvm import FAILED
from tvmgitlib.library.jobs import Journal
from tvmgitlib.library.platforms import detect_for
from tvmgitlib.live.at_hand import last_line
from tvmgitlib.live.autotvm.local import local_option
from tvmgitlib.live.autotvm.on_fleet import option_of, with_fleet
from tvmgitlib.live.autotvm.records import line_of
from tvmgitlib.live.autotvm.tuning import measuring_anew
from tvmgitlib.live.common import Check, Failure, HowToMeasure, Remeasured, readable
from tvmgitlib.model import ERROR_KINDS, ErrorKind, TuningRecord, TvmError, parse_target


def task_of(record: TuningRecord) -> Any:
    """The task of a record; the templates that come with TVM are known, others once their module is imported.

    Raises:
        TvmError: its template is not known, or no longer takes such arguments.
    """
    import tvm.topi  # registers the templates that come with TVM  # noqa: F401
    from tvm.autotvm.record import decode
    from tvm.autotvm.task import create
    from tvm.autotvm.task.task import TASK_TABLE

    _, name, _, keywords = orjson.loads(record.native)["input"]
    if name not in TASK_TABLE:
        raise TvmError(
            f"this TVM knows no template {name}",
            hint="Give the task, or import the module that registers the template.",
        )
    if keywords:
        raise TvmError(f"{name} was tuned with arguments by name, which this TVM's tasks have none of", hint=_GIVE_TASK)
    try:
        logged, _ = decode(readable("autotvm", record.native, record.target).decode())
        return create(logged.task.name, logged.task.args, logged.target)
    except Exception as error:  # whatever the template raises: it has changed since
        raise TvmError(f"{name} does not take what is on record: {last_line(error)}", hint=_GIVE_TASK) from error


_GIVE_TASK = "Give the task as this TVM has it."


def remeasure(journal: Journal, task: Any, records: Sequence[TuningRecord], how: HowToMeasure) -> Iterator[Remeasured]:
    """Measure configs again, all in one batch; see `LiveFamily.remeasure`.

    A config is refused unmeasured when this TVM's template has other knobs, or, where the target is this machine's,
    when it computes something else than the fallback config. What runs on another machine is measured unchecked: it is
    for a runner to compare that does so (error number 5).

    Args:
        journal, task, records: as there.
        how: as there. Without a measure option it is TVM's `LocalBuilder` and `LocalRunner`, in a form that works on
            hhb-tvm too.

    Raises:
        TvmError: the task has no space; or the fallback config cannot be built, or takes other arguments, so that there
            is nothing to compare with.
    """
    from tvm.autotvm.measure import MeasureInput

    space, option = _space(task), _option(how)
    inputs = [MeasureInput(task.target, task, _config(space, record)) for record in records]
    failures = {at: failure for at, record in enumerate(records) if (failure := _misfit(space, record))}
    left = {at: each for at, each in enumerate(inputs) if at not in failures}
    checked = how.check and detect_for(parse_target(str(task.target)).target) is not None
    if checked:
        failures |= _wrong(task, left, option["runner"], how.check_timeout)
    left = {at: each for at, each in left.items() if at not in failures}
    results = {at: _failed(failure.kind, failure.text) for at, failure in failures.items()}
    results |= zip(left, _measure(task, list(left.values()), option), strict=True)
    if inputs:
        journal.append(line_of(each, results[at]) for at, each in enumerate(inputs))
    for at in range(len(inputs)):
        outcome = _outcome(results[at])
        agreed = checked and at in left
        yield Remeasured(None, outcome, agreed) if isinstance(outcome, Failure) else Remeasured(outcome, None, agreed)


def measure_untuned(task: Any, how: HowToMeasure) -> tuple[float, ...]:
    """Measure the fallback config, which a build takes without a record; see `LiveFamily.measure_untuned`."""
    from tvm.autotvm.measure import MeasureInput
    from tvm.autotvm.task.space import FallbackConfigEntity

    _space(task)
    (result,) = _measure(task, [MeasureInput(task.target, task, FallbackConfigEntity())], _option(how))
    outcome = _outcome(result)
    if isinstance(outcome, Failure):
        raise TvmError(f"{task.name} cannot be measured untuned: {outcome.text}")
    return outcome


def _space(task: Any) -> Any:
    if task.config_space is None:
        raise TvmError(
            f"the task {task.name} has no space (one that was read from a log has none)",
            hint="Create it with autotvm.task.create.",
        )
    return task.config_space


# Configs


def _config(space: Any, record: TuningRecord) -> Any:
    """The config of a record as this TVM's space has it: index and code hash are today's.

    TVM itself never compares the code hash of a config that it takes from a log.
    """
    from tvm.autotvm.task.space import ConfigEntity

    config = ConfigEntity.from_json_dict(orjson.loads(record.native)["config"])
    config.code_hash = space.code_hash
    index = _index(space, _recorded_knobs(record))
    if index is not None:
        config.index = index
    return config


def _index(space: Any, knobs: Mapping[str, _Knob]) -> int | None:
    """Where a config is in a space; None when one of its values is no candidate there."""
    places = []
    for name, candidates in space.space_map.items():
        known = [_knobs({name: candidates[at]})[name] for at in range(len(candidates))]
        if knobs.get(name) not in known:
            return None
        places.append(known.index(knobs[name]))
    return int(space.knob2point(places))


def _misfit(space: Any, record: TuningRecord) -> Failure | None:
    """Whether a template has other knobs now, or knobs of other shapes; a value that is no candidate may still do."""
    now = _knobs({name: candidates[0] for name, candidates in space.space_map.items()})
    recorded = _recorded_knobs(record)
    changed = [
        name
        for name in sorted(now.keys() | recorded.keys())
        if name not in now or name not in recorded or _shape(now[name]) != _shape(recorded[name])
    ]
    if not changed:
        return None
    return Failure("instantiation", f"the template has changed since: its knobs {', '.join(changed)} are other ones")


#: A knob's kind, as logs name it, and its value.
_Knob = tuple[str, Any]


def _recorded_knobs(record: TuningRecord) -> dict[str, _Knob]:
    return {name: (kind, value) for name, kind, value in orjson.loads(record.native)["config"]["entity"]}


def _knobs(entities: Mapping[str, Any]) -> dict[str, _Knob]:
    """The same of TVM's own objects, by their names."""
    from tvm.autotvm.task.space import ConfigEntity

    triples = ConfigEntity(0, None, entities, []).to_json_dict()["entity"]
    return {name: (kind, value if kind == "ot" else list(value)) for name, kind, value in triples}


def _shape(knob: _Knob) -> tuple[str, int]:
    kind, value = knob
    return kind, 0 if kind == "ot" else len(value)


# Outputs


def _wrong(task: Any, inputs: Mapping[int, Any], runner: Any, timeout: float) -> dict[int, Failure]:
    """Those of the configs that fail or compute something else than the fallback config does."""
    from tvm.autotvm.task.space import FallbackConfigEntity

    if not inputs:
        return {}
    untuned = partial(_schedule, task, FallbackConfigEntity())
    with Check(untuned, task.target, getattr(runner, "ref_input", None), timeout) as check:
        found = {at: check.failure(partial(_schedule, task, each.config)) for at, each in inputs.items()}
    return {at: failure for at, failure in found.items() if failure is not None}


def _schedule(task: Any, config: Any) -> tuple[Any, Sequence[Any]]:
    """What a build makes of a config: unlike in tuning, its arguments have the layouts that the task says."""
    from tvm.autotvm.task.space import InstantiationError

    schedule, tensors = task.instantiate(config)
    if not config.valid():
        raise InstantiationError("; ".join(config.errors))
    return schedule, tensors


# Measuring


def _option(how: HowToMeasure) -> Mapping[str, Any]:
    option = option_of(how)
    return measuring_anew(with_fleet(option)) if option is not None else local_option()


def _measure(task: Any, inputs: Sequence[Any], option: Mapping[str, Any]) -> list[Any]:
    """Measure as `Tuner.tune` does: templates put layouts into the arguments then, which a build changes beforehand."""
    from tvm.autotvm.env import GLOBAL_SCOPE
    from tvm.autotvm.measure import create_measure_batch

    if not inputs:
        return []
    measure_batch = create_measure_batch(task, option)
    before = GLOBAL_SCOPE.in_tuning
    GLOBAL_SCOPE.in_tuning = True
    try:
        return [_sound(result) for result in measure_batch(inputs)]
    finally:
        GLOBAL_SCOPE.in_tuning = before


def _sound(result: Any) -> Any:
    """A result; one whose run times can be none is a failure."""
    if result.error_no != 0:
        return result
    costs = tuple(map(float, result.costs))
    if costs and all(0 < cost < FAILED for cost in costs):
        return result._replace(costs=costs)
    return _failed("unknown", f"the runner gave run times of {list(costs)} s", result.all_cost)


def _failed(kind: ErrorKind, text: str, all_cost: float = 0.0) -> Any:
    """A failure as a runner says it."""
    from tvm.autotvm.measure import MeasureResult

    return MeasureResult(("", text), ERROR_KINDS.index(kind) + 1, all_cost, time.time())


def _outcome(result: Any) -> tuple[float, ...] | Failure:
    costs: tuple[Any, ...] = result.costs
    if result.error_no == 0:
        return costs
    # A trace and an error; TVM's runner cuts the error off, but the trace ends with all of it.
    said = next((text for text in map(str, costs) if "\n" in text), costs[-1] if costs else "")
    return Failure(ERROR_KINDS[result.error_no - 1], last_line(said))
