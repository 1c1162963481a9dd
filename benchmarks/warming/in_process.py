"""Running in this very process: no start of one, and the fastest of several runs, which noise least moves.

Of the small kernels of this benchmark none crashes or runs for long; for others the runners of TVM are.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Sequence
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


#: How long a build of AutoTVM's may take, in seconds. Most take half a second; some configs unroll so much that TVM
#: lowers them for hours. Such a config is a failed trial, of cold runs and warm ones.
BUILD_SECONDS = 4


class AutoTvmRunner:
    """A runner for AutoTVM of what a builder of TVM's has built, which needs a time limit."""

    n_parallel = 1

    def set_task(self, task: Any) -> None:
        """Nothing: what is run is the same for every task."""

    def get_build_kwargs(self) -> dict[str, Any]:
        return {}

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        return [self._result(each) for each in builds]

    def _result(self, build: Any) -> Any:
        import numpy as np
        import tvm
        from tvm.autotvm.measure import MeasureResult

        if isinstance(build, MeasureResult):  # it could not be built
            return build
        start = time.time()
        random = np.random.default_rng(0)
        try:
            module = tvm.runtime.load_module(build.filename)
            arrays = [tvm.nd.array(random.random(tuple(shape), dtype="float32")) for shape, _ in build.arg_info]
            seconds = fastest(module, module.entry_name, arrays)
        except Exception as raised:  # of many kinds, by TVM
            return MeasureResult((traceback.format_exc(), raised), 4, 0.0, time.time())
        return MeasureResult((seconds,), 0, time.time() - start, time.time())


def autotvm_option() -> dict[str, Any]:
    """A measure option for AutoTVM."""
    from tvm.autotvm.measure import LocalBuilder

    return {"builder": LocalBuilder(timeout=BUILD_SECONDS, n_parallel=1), "runner": AutoTvmRunner()}


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
