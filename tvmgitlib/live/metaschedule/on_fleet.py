"""Measuring MetaSchedule's schedules on a fleet."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tvmgitlib.live.fleet import Fleet, Kernel, Timed, measure
from tvmgitlib.live.metaschedule.measure import finished
from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule


@cache
def fleet_runner() -> Any:
    """The class of runners on a fleet."""

    class FleetRunner(meta_schedule().runner.PyRunner):  # type: ignore[misc]
        def __init__(self, fleet: Fleet) -> None:
            super().__init__()
            self._fleet = fleet
            self.measures_elsewhere, self.platform = fleet.measures_elsewhere, fleet.platform

        def run(self, inputs: Any) -> Any:
            done: dict[int, Any] = {}
            self.run_each(inputs, done.__setitem__)
            return [finished(done[at]) for at in range(len(inputs))]

        def run_each(self, inputs: Any, came: Callable[[int, Any], None]) -> None:
            """Run what was built, and tell of each result by its place when it comes, in this thread."""
            result = meta_schedule().runner.RunnerResult

            def tell(at: int, timed: Timed) -> None:
                came(at, result(timed.costs, timed.failure.text if timed.failure is not None else None))

            measure(self._fleet, [_kernel(each) for each in inputs], tell)

    return derived_object(FleetRunner)


def _kernel(runner_input: Any) -> Kernel:
    """What a fleet is to run."""
    arguments = [each.as_json() for each in runner_input.args_info]
    shaped = [(tuple(map(int, shape)), str(dtype)) for _, dtype, shape in arguments]
    return Kernel(str(runner_input.artifact_path), str(runner_input.device_type), shaped)
