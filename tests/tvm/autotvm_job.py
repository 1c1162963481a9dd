"""What the AutoTVM tests tune, and a job over it as a process of its own, which may kill itself.

    python autotvm_job.py LIBRARY TUNER JOURNAL [--pretend] [--kill-at N]

Every config that is measured is written to JOURNAL before it is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
TRIALS = 6


def network() -> tuple[Any, dict[str, Any]]:
    """Two convolutions and a dense layer, in Relay, with parameters."""
    import numpy as np
    import tvm
    from tvm import relay

    shapes = {"w1": (8, 8, 3, 3), "w2": (16, 8, 1, 1), "w3": (10, 1024)}
    weights = {name: relay.var(name, shape=shape) for name, shape in shapes.items()}
    x = relay.var("x", shape=(1, 8, 8, 8))
    y = relay.nn.relu(relay.nn.conv2d(x, weights["w1"], padding=(1, 1), channels=8, kernel_size=(3, 3)))
    y = relay.nn.relu(relay.nn.conv2d(y, weights["w2"], channels=16, kernel_size=(1, 1)))
    y = relay.nn.dense(relay.nn.batch_flatten(y), weights["w3"])
    random = np.random.default_rng(0)
    params = {name: tvm.nd.array(random.random(shape, dtype="float32")) for name, shape in shapes.items()}
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([x, *weights.values()], y))), params


def tasks() -> list[Any]:
    """The network's three tasks."""
    from tvm import autotvm

    module, params = network()
    return autotvm.task.extract_from_program(module["main"], target=TARGET, params=params)[:3]


def tuner(name: str, task: Any) -> Any:
    from tvm.autotvm.tuner import GATuner, GridSearchTuner, RandomTuner, XGBTuner

    makers = {
        "random": RandomTuner,
        "gridsearch": GridSearchTuner,
        "ga": lambda task: GATuner(task, pop_size=3, elite_num=1),
        "xgb": lambda task: XGBTuner(task, plan_size=64, feature_type="knob"),
    }
    return makers[name](task)


def local() -> dict[str, Any]:
    """Really measuring, as quickly as it gets."""
    from tvm import autotvm

    from tvmgitlib.live.autotvm.local import load_module

    return autotvm.measure_option(
        autotvm.LocalBuilder(timeout=60, n_parallel=1),
        autotvm.LocalRunner(number=1, repeat=1, timeout=30, cooldown_interval=0, module_loader=load_module),
    )


class Pretending:
    """A builder and a runner that measure nothing: the time follows from the config, and no two have the same.

    Of equal costs TVM picks the one measured first and a library the one of the smaller text, so that a tuner which
    chances on a tie would compare the two rules instead of the best.
    """

    n_parallel = 2

    def set_task(self, task: Any, build_kwargs: Any = None) -> str:
        return "servers"

    def get_build_kwargs(self) -> dict[str, Any]:
        return {}

    def build(self, inputs: Sequence[Any]) -> list[str]:
        return ["built"] * len(inputs)

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> list[Any]:
        from tvm.autotvm.measure import MeasureResult

        costs = [1e-3 / (1 + one.config.index % 37 + one.config.index * 1e-6) for one in inputs]
        return [MeasureResult((cost,), 0, 0.01, time.time()) for cost in costs]


def pretended() -> dict[str, Any]:
    pretending = Pretending()
    return {"builder": pretending, "runner": pretending}


class Journalling:
    """A runner that writes down what it is asked to measure, and may kill its process before it hands a result over."""

    def __init__(self, inner: Any, journal: Path, kill_at: int) -> None:
        self.inner, self.journal, self.kill_at = inner, journal, kill_at

    def set_task(self, task: Any) -> Any:
        return self.inner.set_task(task)

    def get_build_kwargs(self) -> Any:
        return self.inner.get_build_kwargs()

    def run(self, inputs: Sequence[Any], builds: Sequence[Any]) -> Any:
        with self.journal.open("a") as file:
            for one in inputs:
                file.write(json.dumps([one.task.name, one.task.args, int(one.config.index)]) + "\n")
        results = self.inner.run(inputs, builds)
        if 0 < self.kill_at <= len(self.journal.read_text().splitlines()):
            os.kill(os.getpid(), signal.SIGKILL)
        return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("tuner")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--pretend", action="store_true")
    parser.add_argument("--kill-at", type=int, default=0)
    told = parser.parse_args()

    from tvmgitlib import ConfigLibrary

    option = pretended() if told.pretend else local()
    option["runner"] = Journalling(option["runner"], told.journal, told.kill_at)
    with ConfigLibrary(told.library).job(TARGET, tuner=told.tuner) as job:
        for task in tasks():
            measured = job.tune(tuner(told.tuner, task), n_trial=TRIALS, measure_option=option)
            print("tuned" if measured else "skipped", flush=True)
        shutil.copy(job.log, told.journal.with_suffix(".log"))


if __name__ == "__main__":
    main()
