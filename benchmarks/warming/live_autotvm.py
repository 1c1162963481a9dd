"""AutoTVM on this CPU: each task tuned cold and warm, the latter with what the cold runs of the others found."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tvmgitlib.live.job import Job
from warming.in_process import autotvm_option
from warming.jobs import costs_of, library_at, without

CLOSE = 0.95
#: So many trials of a cold tuner come before it first learns: fewer than TVM's 64, which would be the whole run.
PLAN = 32

#: In and out channels, size, kernel.
CONVOLUTIONS = [
    (16, 32, 28, 3),
    (32, 32, 28, 3),
    (32, 64, 14, 3),
    (64, 64, 14, 3),
    (64, 128, 14, 1),
    (128, 64, 7, 3),
    (48, 96, 14, 1),
    (96, 48, 7, 3),
]
#: Rows, inputs, outputs.
DENSE = [
    (16, 128, 256),
    (16, 256, 128),
    (8, 256, 512),
    (32, 192, 192),
    (4, 512, 384),
    (16, 384, 96),
    (64, 128, 128),
    (24, 160, 320),
]


def tasks(kind: str, count: int, target: str) -> list[Any]:
    """The first tasks of a kind."""
    from tvm import autotvm, topi

    assert topi  # registers the templates

    def convolution(inputs: int, outputs: int, size: int, kernel: int) -> Any:
        data, weight = (1, inputs, size, size), (outputs, inputs, kernel, kernel)
        around = (kernel // 2,) * 4
        tensors = (("TENSOR", data, "float32"), ("TENSOR", weight, "float32"))
        layouts = ((1, 1), around, (1, 1), "NCHW", "NCHW", "float32")
        return autotvm.task.create("conv2d_NCHWc.x86", args=(*tensors, *layouts), target=target)

    def dense(rows: int, inputs: int, outputs: int) -> Any:
        tensors = (("TENSOR", (rows, inputs), "float32"), ("TENSOR", (outputs, inputs), "float32"))
        return autotvm.task.create("dense_pack.x86", args=(*tensors, None, "float32"), target=target)

    if kind == "conv2d":
        return [convolution(*sizes) for sizes in CONVOLUTIONS[:count]]
    return [dense(*sizes) for sizes in DENSE[:count]]


def tune(job: Job, task: Any, trials: int, seed: int, *, warm: bool) -> None:
    from tvm.autotvm.tuner import XGBTuner
    from tvm.autotvm.tuner.sa_model_optimizer import SimulatedAnnealingOptimizer

    search = SimulatedAnnealingOptimizer(task, n_iter=64, early_stop=16, log_interval=None)
    tuner = XGBTuner(task, plan_size=PLAN, feature_type="knob", num_threads=1, optimizer=search)
    job.tune(tuner, trials, autotvm_option(), seed=seed, warm_start=warm)


def compare(work: Path, kind: str, count: int, seeds: int, trials: int, warm_trials: int) -> list[dict[str, Any]]:
    """Trials to 95 % of the best known of each task, cold and warm, a row a task and seed.

    Args:
        work: where the libraries are kept.
        kind: `conv2d` or `dense`.
        count: of how many tasks.
        seeds: how many times.
        trials: of a cold run.
        warm_trials: of a warm one. One that does not come that close counts for more than the whole cold one.
    """
    from tvm.target import codegen

    target = f"llvm -mcpu={codegen.llvm_get_system_cpu()} -mtriple=x86_64-linux-gnu"
    wanted = tasks(kind, count, target)
    runs: dict[tuple[int, int, bool], list[float]] = {}
    for seed in range(seeds):
        library = library_at(work / f"{kind}-{seed}")
        for place, task in enumerate(wanted):
            key = f"cold-{place}"
            runs[place, seed, False] = costs_of(
                library, target, key, lambda job, task=task, seed=seed: tune(job, task, trials, seed, warm=False)
            )
            print(f"cold run {place + 1} of {count}, seed {seed}", flush=True)
        for place, task in enumerate(wanted):
            others = without(library, f"cold-{place}", work / f"{kind}-{seed}-without-{place}")
            runs[place, seed, True] = costs_of(
                others, target, "warm", lambda job, task=task, seed=seed: tune(job, task, warm_trials, seed, warm=True)
            )
            print(f"warm run {place + 1} of {count}, seed {seed}", flush=True)
    return [_row(kind, wanted, runs, place, seed, trials) for place in range(count) for seed in range(seeds)]


def _row(
    kind: str, wanted: Sequence[Any], runs: dict[tuple[int, int, bool], list[float]], place: int, seed: int, trials: int
) -> dict[str, Any]:
    best = min(min(costs) for (of, _, _), costs in runs.items() if of == place)
    cold, warm = runs[place, seed, False], runs[place, seed, True]

    def until_close(costs: Sequence[float]) -> int:
        return next((at for at, cost in enumerate(costs, 1) if cost <= best / CLOSE), trials + 1)

    return {
        "op": kind,
        "workload": " ".join("x".join(map(str, tensor[1])) for tensor in wanted[place].args[:2]),
        "configs": len(wanted[place].config_space),
        "seed": seed,
        "best": best,
        "median": statistics.median(cold),
        "cold": until_close(cold),
        "warm": until_close(warm),
        "first": best / warm[0],
        "cold best": best / min(cold),
        "warm best": best / min(warm),
    }
