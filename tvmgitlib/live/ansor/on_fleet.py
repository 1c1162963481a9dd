"""Measuring Ansor's states on a fleet.

A runner of Ansor's is written in C++, and no class of Python can stand in its place. But its `RPCRunner` only calls a
function by name, `auto_scheduler.rpc_runner.run`, each time that it runs something. That function is TVM's own, in
Python, and here another one goes before it, which takes what a fleet is to run and leaves the rest to TVM's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing import cpu_count
from pathlib import Path
from shutil import rmtree
from typing import Any, Final, TypeAlias

from tvmgitlib.live.ansor.recording import failed
from tvmgitlib.live.common import Held
from tvmgitlib.live.fleet import Fleet, Kernel, Timed, measure

_FUNCTION: Final = "auto_scheduler.rpc_runner.run"

#: Is told of what was measured, and of its result, when that has come.
Came: TypeAlias = "Callable[[Any, Any], None]"

#: By what an `RPCRunner` says of its tracker: where to measure really, and whom to tell. The last one is meant.
_at_work: Final[dict[tuple[str, str, int], list[_Work]]] = {}


class _Work:
    """What measures on a fleet at the moment.

    Attributes:
        error: what has gone wrong in it: TVM would make another error of it on the way through C++.
    """

    def __init__(self, fleet: Fleet, held: Held, came: Came) -> None:
        self._fleet = fleet
        self._held = held
        self._came = came
        self.error: Exception | None = None

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        """Run what was built; what could not be built is told of at once."""
        try:
            with self._held.waiting():
                return self._run(inputs, builds)
        except Exception as error:
            self.error = error
            raise

    def _run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        done: dict[int, Any] = {}

        def settle(at: int, result: Any) -> None:
            done[at] = result
            self._came(inputs[at], result)

        places = []
        for at, build in enumerate(builds):
            if int(build.error_no) != 0:
                settle(at, _not_built(build))
            else:
                places.append(at)

        def tell(place: int, timed: Timed) -> None:
            at = places[place]
            rmtree(Path(str(builds[at].filename)).parent, ignore_errors=True)  # as TVM's runners do
            settle(at, _result(timed, float(builds[at].time_cost) + timed.took))

        measure(self._fleet, [_kernel(inputs[at], builds[at]) for at in places], tell)
        return [done[at] for at in range(len(inputs))]


@contextmanager
def measuring_on(builder: Any, runner: Any, held: Held, came: Came = lambda *_: None) -> Iterator[tuple[Any, Any]]:
    """A builder and a runner as TVM takes them; where the runner is a fleet, one that measures on it in here.

    Args:
        builder, runner: what the user gave.
        held: interrupts that are held back meanwhile.
        came: is told of each result of a fleet when it comes; TVM's callbacks are called when a batch is over.

    Raises:
        FleetError: the fleet is away for as long as its patience goes.
    """
    if not isinstance(runner, Fleet):
        yield builder, runner
        return
    from tvm import auto_scheduler

    _go_before_tvm()
    boards = len(runner.awaited().boards)
    if builder in (None, "local"):  # TVM runs twice as many at once as are built at once
        builder = auto_scheduler.LocalBuilder(timeout=60, n_parallel=max(cpu_count(), boards))
    work = _Work(runner, held, came)
    of_tracker = (runner.key, runner.tracker.host, runner.tracker.port)
    _at_work.setdefault(of_tracker, []).append(work)
    try:
        yield builder, auto_scheduler.RPCRunner(*of_tracker, timeout=int(runner.timeout), n_parallel=boards)
    except Exception as error:
        if work.error is not None and work.error is not error:
            raise work.error from None
        raise
    finally:
        _at_work[of_tracker].remove(work)


@cache
def _go_before_tvm() -> None:
    """Have the function that `RPCRunner` calls look for a fleet first, from now on."""
    from tvm import _ffi
    from tvm.auto_scheduler import measure as tvm_measure

    of_tvm = tvm_measure.rpc_runner_run

    def run(inputs: Any, builds: Any, key: Any, host: Any, port: Any, *told: Any) -> Any:
        works = _at_work.get((str(key), str(host), int(port)))
        return works[-1].run(inputs, builds) if works else of_tvm(inputs, builds, key, host, port, *told)

    _ffi.register_func(_FUNCTION, run, override=True)


def _kernel(measured: Any, build: Any) -> Kernel:
    from tvm.auto_scheduler.measure import get_const_tuple, prepare_runner_args

    given = prepare_runner_args(measured, build)
    shaped = [(tuple(map(int, get_const_tuple(each.shape))), str(each.dtype)) for each in build.args]
    arguments = [shape if value is None else value for shape, value in zip(shaped, given, strict=True)]
    return Kernel(str(build.filename), str(measured.task.target), arguments)


def _not_built(build: Any) -> Any:
    from tvm.auto_scheduler.measure import MAX_FLOAT, MeasureResult

    return MeasureResult([MAX_FLOAT], int(build.error_no), str(build.error_msg), float(build.time_cost), time.time())


def _result(timed: Timed, all_cost: float) -> Any:
    from tvm.auto_scheduler.measure import MeasureResult

    if timed.failure is not None:
        return failed(timed.failure.kind, timed.failure.text, all_cost)
    return MeasureResult(timed.costs, 0, "", all_cost, time.time())
