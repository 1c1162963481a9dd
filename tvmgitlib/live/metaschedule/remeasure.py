"""Measuring MetaSchedule's schedules on record again: their traces, replayed on the module as this TVM has it.

No trace is searched for and none is changed; TVM's postprocessing is in a recorded trace already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import TracebackType
from typing import Any

from msgspec import Struct

from tvmgitlib.families.metaschedule import FAILED, module_tvm_version
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.at_hand import last_line, target_attributes, target_of_call
from tvmgitlib.live.common import UNCHECKED, Failure, HowToMeasure, Remeasured, TrialError, failing
from tvmgitlib.live.metaschedule import hooks
from tvmgitlib.live.metaschedule.database import Measured, failure_of, log_trials
from tvmgitlib.live.metaschedule.outputs import Interface, output_check
from tvmgitlib.live.metaschedule.trace import replay, rewrites_weights, rewriting_inside
from tvmgitlib.live.metaschedule.tuning import builder_and_runner
from tvmgitlib.live.metaschedule.tvm import meta_schedule, structural_hash
from tvmgitlib.model import TuningRecord, TvmError, minor_version

#: `kDLCPU`: the type of this machine's own processor.
_CPU = 1

_GIVE_TASK = "Give the task: the function, rebuilt in this TVM."


def task_of(record: TuningRecord) -> Any:
    """The task of a record whose module this TVM wrote.

    Raises:
        TvmError: another TVM did, or it is not on record.
    """
    import tvm

    workload = record.workload
    if workload.module is None:
        raise TvmError(f"the module of {workload.label} is not on record", hint=_GIVE_TASK)
    version = module_tvm_version(workload)
    if minor_version(version) != minor_version(tvm.__version__):
        raise TvmError(
            f"{workload.label} is of TVM {version or 'unknown'}, whose databases TVM {tvm.__version__} cannot load",
            hint=_GIVE_TASK,
        )
    ms = meta_schedule()
    try:
        mod = ms.database.Workload.from_json(json.loads(workload.module)).mod
        return ms.TuneContext(mod=mod, target=target_attributes(record.target))
    except Exception as error:  # of many kinds, by TVM
        raise TvmError(f"{workload.label} does not load: {last_line(error)}", hint=_GIVE_TASK) from error


def remeasure(
    journal: Journal, mod: Any, target: Any, records: Sequence[TuningRecord], how: HowToMeasure
) -> Iterator[Remeasured]:
    """Measure schedules again; all are built in one batch. See `LiveFamily.remeasure`.

    Args:
        journal, records, how: as there.
        mod: the module of the task.
        target: the task's own; None for the job's.

    Raises:
        TvmError: outputs are to be compared, and the untuned build does not run here; or the module says no shapes.
    """
    target = target_of_call(journal, target)
    interface = Interface.of(mod, _device(target))
    tried = [_candidate(mod, record) for record in records]
    candidates = [each for each in tried if isinstance(each, _Candidate)]
    with closing(_measure(journal, mod, target, interface, candidates, how)) as measured:
        for each in tried:
            yield next(measured) if isinstance(each, _Candidate) else Remeasured(None, each)


def measure_untuned(journal: Journal, mod: Any, target: Any, how: HowToMeasure) -> tuple[float, ...]:
    """Measure a module as it is, or on a GPU with TVM's default schedule. See `LiveFamily.measure_untuned`.

    Args:
        journal, mod, target, how: as for `remeasure`.
    """
    target = target_of_call(journal, target)
    Interface.of(mod, _device(target))  # there is one
    with _Bench(target, how) as bench:
        try:
            untuned = _untuned(mod, target)
            bench.build([untuned])
            return bench.run(bench.artifact(untuned), _arguments(untuned))
        except TrialError as error:
            raise TvmError(f"the task cannot be measured untuned: {last_line(str(error))}") from None


class _Candidate(Struct, frozen=True):
    """The schedule of a record, in this TVM.

    Attributes:
        mod: the module that it makes.
        checked: the same, called as the untuned module is.
        trace, args: what is logged of it.
    """

    mod: Any
    checked: Any
    trace: Any
    args: Any


def _candidate(mod: Any, record: TuningRecord) -> _Candidate | Failure:
    trace = json.loads(record.native)[1][0]
    try:
        schedule = replay(mod, trace)
        checked = replay(mod, rewriting_inside(trace)).mod if rewrites_weights(trace) else schedule.mod
        return _Candidate(schedule.mod, checked, schedule.trace, _arguments(schedule.mod))
    except Exception as error:  # of many kinds, by TVM: the trace does not apply
        return Failure("instantiation", last_line(error))


def _arguments(mod: Any) -> Any:
    """What a module's build is called with, as its record says it."""
    return meta_schedule().arg_info.ArgInfo.from_entry_func(mod, remove_preproc=True)


def _untuned(mod: Any, target: Any) -> Any:
    """What is built of a module without tuning: on a GPU its loops have to be bound to threads at least.

    Raises:
        TrialError: TVM cannot bind them.
    """
    if "gpu" not in target.keys:
        return mod
    try:
        from tvm.s_tir.transform import DefaultGPUSchedule
    except ImportError:
        from tvm.tir.transform import DefaultGPUSchedule
    with failing("instantiation"), target:
        return DefaultGPUSchedule()(mod)


def _device(target: Any) -> str:
    """What builds for a target run on, by TVM's name for it."""
    return "cpu" if int(target.get_target_device_type()) == _CPU else str(target.kind.name)


def _measure(
    journal: Journal, mod: Any, target: Any, interface: Interface, candidates: Sequence[_Candidate], how: HowToMeasure
) -> Generator[Remeasured, None, None]:
    """Build candidates, all in one batch; then compare, measure and log them, one by one."""
    with _Bench(target, how) as bench, ExitStack() as stack:
        compare = None
        if how.check:
            compare = stack.enter_context(_comparing(bench, mod, interface, candidates, how.check_timeout))
        else:
            bench.build(each.mod for each in candidates)
        for each in candidates:
            costs, failure, checked = None, None, False
            try:
                if compare is not None:
                    compare(bench.artifact(each.checked))
                    checked = True
                costs = bench.run(bench.artifact(each.mod), each.args)
            except TrialError as error:
                failure = error.failure
            log_trials(journal, mod, target, [Measured(each.trace, each.args, costs, failure)])
            yield Remeasured(costs, failure and Failure(failure.kind, last_line(failure.text)), checked)


@contextmanager
def _comparing(
    bench: _Bench, mod: Any, interface: Interface, candidates: Sequence[_Candidate], timeout: float
) -> Iterator[Callable[[str], None]]:
    """Build candidates together with the untuned module; then compare their outputs, see `output_check`.

    Raises:
        TvmError: there is nothing to compare with.
    """
    with ExitStack() as stack:
        try:
            untuned = _untuned(mod, bench.target)
            bench.build([untuned, *(each.mod for each in candidates), *(each.checked for each in candidates)])
            compare = stack.enter_context(output_check(interface, bench.artifact(untuned), timeout))
        except TrialError as error:
            raise TvmError(
                f"outputs cannot be compared with an untuned build's, which fails here: {last_line(str(error))}",
                hint=UNCHECKED,
            ) from None
        yield compare


class _Bench:
    """The user's builder and runner. A context manager: in the end, what was built is removed.

    Attributes:
        target: what is built for.
    """

    def __init__(self, target: Any, how: HowToMeasure) -> None:
        self.target = target
        self._builder, self._runner = map(hooks.python_side, builder_and_runner(how.builder, how.runner))
        self._built: dict[int, Any] = {}

    def __enter__(self) -> _Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for result in self._built.values():
            if result.artifact_path is not None:
                meta_schedule().utils.remove_build_dir(str(result.artifact_path))

    def build(self, mods: Iterable[Any]) -> None:
        """Build modules in one batch, equal ones once."""
        ms = meta_schedule()
        inputs = {structural_hash(mod): ms.builder.BuilderInput(mod, self.target) for mod in mods}
        results = self._builder.build(list(inputs.values()))
        self._built |= zip(inputs, results, strict=True)

    def artifact(self, mod: Any) -> str:
        """The path of a module's build.

        Raises:
            TrialError: it could not be built.
        """
        result = self._built[structural_hash(mod)]
        if result.error_msg is not None:
            raise TrialError(failure_of(str(result.error_msg), built=False))
        return str(result.artifact_path)

    def run(self, artifact: str, args: Any) -> tuple[float, ...]:
        """Measure a build: run times in seconds.

        Raises:
            TrialError: it does not run, or in no time.
        """
        (future,) = self._runner.run([meta_schedule().runner.RunnerInput(artifact, _device(self.target), args)])
        result = hooks.python_side(future).result()
        if result.error_msg is not None:
            raise TrialError(failure_of(str(result.error_msg), built=True))
        costs = tuple(map(float, result.run_secs))
        if not costs or not all(0 < cost < FAILED for cost in costs):
            raise TrialError(Failure("unknown", f"the run times were {list(costs)} s"))
        return costs
