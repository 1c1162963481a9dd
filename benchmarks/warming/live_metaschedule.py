"""MetaSchedule on this CPU: what the first suggestion for a task is worth that the library has not tuned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tvmgitlib import ConfigLibrary
from tvmgitlib.live.job import Job
from warming.in_process import arrays, fastest, metaschedule
from warming.jobs import PLATFORM, costs_of, library_at, without

#: Rows, columns, and what is summed over.
SHAPES = [
    (64, 64, 64),
    (128, 128, 128),
    (96, 192, 64),
    (256, 64, 128),
    (160, 160, 96),
    (64, 256, 192),
    (224, 112, 160),
]


def matmul(rows: int, columns: int, summed: int) -> Any:
    from tvm import te

    one = te.placeholder((rows, summed), name="A")
    other = te.placeholder((summed, columns), name="B")
    axis = te.reduce_axis((0, summed), name="k")
    product = te.compute((rows, columns), lambda i, j: te.sum(one[i, axis] * other[axis, j], axis=axis), name="C")
    return te.create_prim_func([one, other, product])


def tune(job: Job, mod: Any, trials: int, seed: int) -> None:
    from tvmgitlib.live.metaschedule.tvm import meta_schedule

    builder, runner = metaschedule()
    search = meta_schedule().search_strategy.EvolutionarySearch(
        population_size=64, init_min_unmeasured=16, genetic_num_iters=2
    )
    told = {"builder": builder, "runner": runner, "strategy": search, "num_tuning_cores": 1, "seed": seed + 1}
    job.tune_tir(mod, trials, num_trials_per_iter=16, **told)


def compare(work: Path, count: int, seeds: int, trials: int) -> list[dict[str, Any]]:
    """The first suggestion against the best known of each shape, a row a shape and seed.

    Args:
        work: where the libraries are kept.
        count: of how many shapes.
        seeds: how many times.
        trials: of each shape's tuning.
    """
    from tvm.target import codegen

    target = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": codegen.llvm_get_system_cpu(), "num-cores": 1}
    rows = []
    for seed in range(seeds):
        library = library_at(work / f"matmul-{seed}")
        costs: dict[int, list[float]] = {}
        for place, shape in enumerate(SHAPES[:count]):
            costs[place] = costs_of(
                library,
                target,
                f"cold-{place}",
                lambda job, shape=shape, seed=seed: tune(job, matmul(*shape), trials, seed),
            )
            print(f"tuned {place + 1} of {count}, seed {seed}", flush=True)
        for place, shape in enumerate(SHAPES[:count]):
            others = without(library, f"cold-{place}", work / f"matmul-{seed}-without-{place}")
            rows.append({"seed": seed, **_row(library, others, shape, target, costs[place])})
    return rows


def _row(
    library: ConfigLibrary, others: ConfigLibrary, shape: tuple[int, int, int], target: Any, costs: Sequence[float]
) -> dict[str, Any]:
    import numpy as np
    import tvm

    mod, live = matmul(*shape), tvm.target.Target(target)
    schedule = others.compile_tir(mod, live, platform=PLATFORM, accept="suggested")
    assert schedule is not None
    (outcome,) = others.summary().of("suggested")
    untuned = tvm.compile(mod, target=live).jit()
    suggested = tvm.compile(schedule.mod, target=live).jit()
    rows, columns, summed = shape
    given = arrays([(rows, summed), (summed, columns), (rows, columns)])
    outputs = []
    for built in (untuned, suggested):
        built["main"](*given)
        outputs.append(given[-1].numpy().copy())
    recorded = library.compile_tir(mod, live, platform=PLATFORM)
    assert recorded is not None
    tuned = tvm.compile(recorded.mod, target=live).jit()
    seconds = {
        name: fastest(built, "main", given)
        for name, built in {"suggested": suggested, "tuned": tuned, "untuned": untuned}.items()
    }
    best = min(min(costs), *seconds.values())  # as it was measured while tuning, or now
    return {
        "op": "matmul",
        "workload": str(shape),
        "why": outcome.why,
        "tuned": best / seconds["tuned"],
        "best": best,
        "first": best / seconds["suggested"],
        "untuned": best / seconds["untuned"],
        "equal": bool(np.array_equal(*outputs)),
    }
