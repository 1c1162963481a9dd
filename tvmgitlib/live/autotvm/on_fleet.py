"""Measuring AutoTVM's configs on a fleet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from tvmgitlib.live.common import HowToMeasure
from tvmgitlib.live.fleet import Fleet, Kernel, Timed, ask_a_board, measure
from tvmgitlib.model import ERROR_KINDS

#: What runs on which of these has limits that a build is checked against.
_GPUS: Final = frozenset(("cuda", "opencl", "rocm", "vulkan"))

#: How many configs are chosen at once for each board: with few, boards often wait for the slowest of a batch.
_FOR_A_BOARD: Final = 4


def option_of(how: HowToMeasure) -> Any:
    """The measure option that a user gives; a fleet is one too, also where other families have a runner."""
    if how.measure_option is None and isinstance(how.runner, Fleet):
        return {"builder": how.builder, "runner": how.runner} if how.builder is not None else how.runner
    return how.measure_option


def with_fleet(option: Any) -> Mapping[str, Any]:
    """A measure option as TVM takes it: a fleet in it, or in its place, is a runner then.

    Raises:
        FleetError: there is none of its boards for as long as its patience goes.
    """
    from tvm.autotvm.measure import LocalBuilder

    if isinstance(option, Fleet):
        option = {"builder": LocalBuilder(timeout=60), "runner": option}
    told: Mapping[str, Any] = option
    runner = told["runner"]
    return {**told, "runner": fleet_runner()(runner)} if isinstance(runner, Fleet) else told


@cache
def fleet_runner() -> Any:
    """The class of runners on a fleet."""
    from tvm.autotvm.measure import MeasureResult
    from tvm.autotvm.measure.measure import Runner

    class FleetRunner(Runner):  # type: ignore[misc]  # TVM is not typed
        """
        Attributes:
            batch: how many configs a tuner had better choose at once.
            ref_input: values of the arguments, as arrays of numpy; None for random ones.
        """

        def __init__(self, fleet: Fleet) -> None:
            super().__init__(fleet.timeout)
            self._fleet = fleet
            self.measures_elsewhere, self.platform = fleet.measures_elsewhere, fleet.platform
            self.batch = _FOR_A_BOARD * len(fleet.awaited().boards)
            self.ref_input: Any = None

        def set_task(self, task: Any) -> None:
            self.task = task

        def get_build_kwargs(self) -> dict[str, Any]:
            if not _GPUS.intersection(self.task.target.keys):
                return {}
            device = str(self.task.target)
            return {"checks": {"gpu": ask_a_board(self._fleet, lambda session: _limits(session.device(device, 0)))}}

        def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
            done: dict[int, Any] = {}
            self.run_each(inputs, builds, done.__setitem__)
            return [done[at] for at in range(len(inputs))]

        def run_each(self, inputs: Sequence[Any], builds: Sequence[Any], came: Callable[[int, Any], None]) -> None:
            """Run what was built, and tell of each result by its place when it comes, in this thread."""
            places = []
            for at, build in enumerate(builds):
                if isinstance(build, MeasureResult):  # it could not be built
                    came(at, build)
                else:
                    places.append(at)

            def tell(place: int, timed: Timed) -> None:
                at = places[place]
                came(at, _result(timed, timed.took + builds[at].time_cost))

            measure(self._fleet, [self._kernel(inputs[at], builds[at]) for at in places], tell)

        def _kernel(self, measure_input: Any, build: Any) -> Kernel:
            given = self.ref_input or [(tuple(map(int, shape)), str(dtype)) for shape, dtype in build.arg_info]
            # AutoTVM's own rule: an index cannot be any number.
            is_filled = "scatter" not in measure_input.task.name
            return Kernel(build.filename, str(measure_input.target), given, is_filled)

    return FleetRunner


def _result(timed: Timed, all_cost: float) -> Any:
    """What came of a trial, as AutoTVM has it."""
    from tvm.autotvm.measure import MeasureResult

    if timed.failure is None:
        return MeasureResult(timed.costs, 0, all_cost, time.time())
    costs = (timed.failure.text, RuntimeError(timed.failure.text))
    return MeasureResult(costs, ERROR_KINDS.index(timed.failure.kind) + 1, all_cost, time.time())


def _limits(device: Any) -> dict[str, int]:
    """What a kernel may take of a GPU, as AutoTVM's own runners ask for it."""
    x, y, z = device.max_thread_dimensions
    return {
        "max_shared_memory_per_block": device.max_shared_memory_per_block,
        "max_threads_per_block": device.max_threads_per_block,
        "max_thread_x": x,
        "max_thread_y": y,
        "max_thread_z": z,
    }
