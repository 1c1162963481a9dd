"""A two-layer ONNX model, and its tuning as a process of its own, which may kill itself.

    python model_job.py LIBRARY MODEL JOURNAL KILL_AT

Everything that is measured is written to JOURNAL, a line each, before it is; nothing really is, see the job scripts of
the families.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
TARGET = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": "haswell", "num-cores": 2}
TRIALS = 4


def write_model(path: Path, batch: int | str = 1, hidden: int = 32) -> Path:
    """Two dense layers with a ReLU in between."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(0)
    weights = {"w1": (16, hidden), "w2": (hidden, 8)}
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w1"], ["a"]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("MatMul", ["b", "w2"], ["y"]),
        ],
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 8])],
        [numpy_helper.from_array(random.random(shape, dtype="float32"), name) for name, shape in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Journal:
    """Notes what is measured, and at a line does something: kills the process, if nothing else is said."""

    def __init__(self, path: Path, at: int = 0, do: Callable[[], object] = kill) -> None:
        self.path, self.at, self.do = path, at, do

    def note(self, what: object) -> None:
        with self.path.open("a") as file:
            file.write(f"{what}\n")
        if len(self.lines()) == self.at:
            self.do()

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


def how(journal: Journal) -> dict[str, Any]:
    """How to pretend to measure with the TVM at hand."""
    from importlib.util import find_spec

    if find_spec("tvm.autotvm") is None:
        work = SimpleNamespace(**runpy.run_path(str(HERE / "metaschedule_job.py")))

        def measure(_: int, name: int) -> float:
            journal.note(name)
            return float(work.cost(name))

        told = work.told(runner=work.runner(measure), num_trials_per_iter=2)
        return {"builder": told.pop("builder"), "runner": told.pop("runner"), "told": told}
    option = runpy.run_path(str(HERE / "autotvm_job.py"))["pretended"]()
    inner = option["runner"].run

    def run(inputs: Any, builds: Any) -> Any:
        from tvm.autotvm.measure import MeasureResult

        if any(each.config.is_fallback for each in inputs):
            journal.note("untuned")
            return [MeasureResult((1.0,), 0, 0.01, 0.0)]
        for each in inputs:
            journal.note((each.task.workload, each.config.index))
        return inner(inputs, builds)

    option["runner"].run = run
    return {"measure_option": option, "tuner": "random"}


def tune(library: Path, model: Path, journal: Journal, **told: Any) -> Any:
    from tvmgitlib import ConfigLibrary

    return ConfigLibrary(library).tune(model, TRIALS, target=TARGET, platform="board", **{**how(journal), **told})


if __name__ == "__main__":
    tune(Path(sys.argv[1]), Path(sys.argv[2]), Journal(Path(sys.argv[3]), int(sys.argv[4])))
