"""Building and running in this very process: no start of one, and the fastest of several runs, which noise least moves.

Of the small kernels of this benchmark none crashes or runs for long; for others the builders and runners of TVM are.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

#: Short and many: where other processes run, a part of them fits between two turns of these.
REPEATS = 24
LEAST_SECONDS = 0.0005


def fastest(module: Any, function: str, arguments: Sequence[Any]) -> float:
    """Seconds that a function takes: the fastest of some repeats of half a millisecond each."""
    import tvm

    def timed(number: int, repeat: int) -> float:
        evaluator = module.time_evaluator(function, tvm.cpu(), number=number, repeat=repeat)
        return float(min(evaluator(*arguments).results))

    once = timed(1, 5)
    return timed(max(1, round(LEAST_SECONDS / max(once, 1e-6))), REPEATS)


class AutoTvm:
    """A builder and a runner for AutoTVM."""

    n_parallel = 1

    def set_task(self, task: Any, build_kwargs: Any = None) -> str:
        return "servers"

    def get_build_kwargs(self) -> dict[str, Any]:
        return {}

    def build(self, inputs: Sequence[Any]) -> list[Any]:
        return [self._tried(2, lambda each=each: self._built(each)) for each in inputs]

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        from tvm.autotvm.measure import MeasureResult

        return [
            each if isinstance(each, MeasureResult) else self._tried(4, lambda each=each: self._ran(*each))
            for each in builds
        ]

    def _built(self, one: Any) -> tuple[Any, Any]:
        import tvm

        with one.target:
            schedule, tensors = one.task.instantiate(one.config)
            if not one.config.valid():
                raise ValueError("; ".join(map(str, one.config.errors)))
            return tvm.build(schedule, tensors, target=one.target), tensors

    def _ran(self, module: Any, tensors: Sequence[Any]) -> Any:
        import numpy as np
        import tvm
        from tvm.autotvm.measure import MeasureResult

        start = time.time()
        random = np.random.default_rng(0)
        shapes = [tuple(int(size) for size in tensor.shape) for tensor in tensors]
        arrays = [tvm.nd.array(random.random(shape, dtype="float32")) for shape in shapes]
        seconds = fastest(module, module.entry_name, arrays)
        return MeasureResult((seconds,), 0, time.time() - start, time.time())

    def _tried(self, error: int, what: Callable[[], Any]) -> Any:
        from tvm.autotvm.measure import MeasureResult

        try:
            return what()
        except Exception as raised:  # of many kinds, by TVM
            return MeasureResult((traceback.format_exc(), raised), error, 0.0, time.time())


@cache
def metaschedule() -> tuple[Any, Any]:
    """A builder and a runner for MetaSchedule."""
    import tvm

    from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule

    ms = meta_schedule()
    built: dict[str, Any] = {}

    class Builder(ms.builder.PyBuilder):  # type: ignore[misc,name-defined]
        def build(self, inputs: Any) -> Any:
            return [self._built(each) for each in inputs]

        def _built(self, one: Any) -> Any:
            name = str(Path(tempfile.mkdtemp(), "module"))  # TVM removes the folder
            try:
                built[name] = tvm.compile(one.mod, target=one.target).jit()
            except Exception as error:  # of many kinds, by TVM
                return ms.builder.BuilderResult(None, str(error))
            return ms.builder.BuilderResult(name, None)

    class Runner(ms.runner.PyRunner):  # type: ignore[misc,name-defined]
        def run(self, inputs: Any) -> Any:
            results = [self._ran(each) for each in inputs]
            return [ms.runner.RunnerFuture(lambda: True, lambda result=result: result) for result in results]

        def _ran(self, one: Any) -> Any:
            shapes = [tuple(int(size) for size in info.shape) for info in one.args_info]
            try:
                seconds = fastest(built.pop(str(one.artifact_path)), "main", arrays(shapes))
            except Exception as error:  # of many kinds, by TVM
                return ms.runner.RunnerResult(None, str(error))
            return ms.runner.RunnerResult([seconds], None)

    return derived_object(Builder)(), derived_object(Runner)()


def arrays(shapes: Sequence[Sequence[int]]) -> list[Any]:
    """Arrays of small whole numbers, the last of zeros: in float32 their products and sums are exact in any order."""
    import numpy as np
    import tvm

    random = np.random.default_rng(0)
    numbers = [random.integers(-4, 5, shape).astype("float32") for shape in shapes]
    return [tvm.runtime.tensor(each) for each in (*numbers[:-1], np.zeros_like(numbers[-1]))]
