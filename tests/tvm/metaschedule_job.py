"""What the MetaSchedule tests tune and measure with, and a job of it as a process of its own, which may kill itself.

    python metaschedule_job.py LIBRARY JOURNAL [--kill-at N]

Every schedule that is measured is written to JOURNAL, with the number of its batch, before it is; the process kills
itself in the middle of batch N.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tvmgitlib.live.metaschedule.tvm import derived_object, meta_schedule, structural_hash

TARGET = {"kind": "llvm", "mtriple": "x86_64-linux-gnu", "mcpu": "haswell", "num-cores": 2}
TRIALS = 20
BATCH = 4


def live_target(**changed: Any) -> Any:
    import tvm

    return tvm.target.Target({**TARGET, **changed})


def matmul(size: int, block: str = "C") -> Any:
    """A square matrix multiplication as a TensorIR function."""
    from tvm import te

    one, other = (te.placeholder((size, size), name=name) for name in "AB")
    axis = te.reduce_axis((0, size), name="k")
    product = te.compute((size, size), lambda i, j: te.sum(one[i, axis] * other[axis, j], axis=axis), name=block)
    return te.create_prim_func([one, other, product])


def two_functions() -> Any:
    """Two tasks, which TVM's scheduler turns to in turn."""
    import tvm

    return tvm.IRModule({"small": matmul(16), "large": matmul(32)})


def search(**told: Any) -> Any:
    """A search that takes no minute a round, and likes to propose what it finds in the database."""
    told = {"population_size": 16, "init_min_unmeasured": 8, "init_measured_ratio": 0.8, "genetic_num_iters": 1, **told}
    return meta_schedule().search_strategy.EvolutionarySearch(genetic_max_fail_count=2, **told)


def builder(fail: Callable[[int], str | None] = lambda _: None) -> Any:
    """A builder of empty folders, named by what was to be built.

    Args:
        fail: given a running number, what to say of a build that fails; None for one that does not.
    """
    ms = meta_schedule()

    class Folders(ms.builder.PyBuilder):  # type: ignore[misc,name-defined]
        count = 0

        def build(self, inputs: Any) -> Any:
            results = []
            for each in inputs:
                error = fail(self.count)
                self.count += 1
                artifact = Path(tempfile.mkdtemp(), str(structural_hash(each.mod)))
                results.append(ms.builder.BuilderResult(None if error else str(artifact), error))
            return results

    return derived_object(Folders)()


def cost(name: int) -> float:
    """What a schedule costs, by its hash."""
    return (1 + name % 89) / 1000


def runner(
    measure: Callable[[int, int], float | str | BaseException] = lambda _, name: cost(name), *, late: bool = False
) -> Any:
    """A runner that measures nothing.

    Args:
        measure: given the number of the batch and a hash, the seconds, what to say of a failure, or what to raise.
        late: results come only when TVM waits for them, as a remote runner's do.
    """
    ms = meta_schedule()

    class Pretends(ms.runner.PyRunner):  # type: ignore[misc,name-defined]
        batch = 0

        def run(self, inputs: Any) -> Any:
            self.batch += 1
            results = []
            for each in inputs:
                said = measure(self.batch, int(Path(str(each.artifact_path)).name))
                if isinstance(said, BaseException):
                    raise said
                failed = isinstance(said, str)
                results.append(ms.runner.RunnerResult(None if failed else [said], said if failed else None))
            return [ms.runner.RunnerFuture(lambda: not late, lambda result=result: result) for result in results]

    return derived_object(Pretends)()


def told(**changed: Any) -> dict[str, Any]:
    """How the tests tune, for `Job.tune_tir` and TVM's own calls; None takes an option away."""
    usual = {
        "builder": builder(),
        "runner": runner(),
        "strategy": search(),
        "cost_model": meta_schedule().cost_model.RandomModel(seed=1),
        "num_trials_per_iter": BATCH,
        "num_tuning_cores": 1,  # with more, what is proposed depends on which thread was faster
        "seed": 1,
    }
    return {name: option for name, option in {**usual, **changed}.items() if option is not None}


def main() -> None:
    from tvmgitlib import ConfigLibrary

    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--kill-at", type=int)
    arguments = parser.parse_args()
    seen: list[int] = []

    def measure(batch: int, name: int) -> float:
        with arguments.journal.open("a") as journal:
            journal.write(f"{batch} {name}\n")
        seen.append(batch)
        if batch == arguments.kill_at and seen.count(batch) == BATCH // 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return cost(name)

    with ConfigLibrary(arguments.library).job(live_target(), platform="board") as job:
        measured = job.tune_tir(two_functions(), TRIALS, **told(runner=runner(measure)))
    print(measured, job.resumed)


if __name__ == "__main__":
    main()
