"""Ansor on a real TVM: states of other workloads on a task that was never tuned, and a job that begins with them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

pytestmark = pytest.mark.tvm("0.16")

TARGET = "llvm -keys=cpu -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"
LOGS = Path(__file__).parents[1] / "data" / "tvm-logs" / "ansor"


@pytest.fixture
def task() -> Any:
    """A matrix multiplication of a shape of which nothing is on record."""
    from tvm import auto_scheduler, target, te

    @auto_scheduler.register_workload("an_matmul", override=True)  # type: ignore[untyped-decorator]
    def an_matmul(n: int, m: int, depth: int, dtype: str) -> Any:
        one, other = te.placeholder((n, depth), dtype=dtype), te.placeholder((depth, m), dtype=dtype)
        k = te.reduce_axis((0, depth))
        return [one, other, te.compute((n, m), lambda i, j: te.sum(one[i, k] * other[k, j], axis=k))]

    return auto_scheduler.SearchTask(func="an_matmul", args=(48, 80, 96, "float32"), target=target.Target(TARGET))


@pytest.fixture
def library(tmp_path: Path) -> ConfigLibrary:
    library = ConfigLibrary.init(tmp_path / "library")
    library.import_logs(*LOGS.glob("*.json"), platform="board")
    return library


def splits(steps: Any) -> list[tuple[int, int]]:
    """The length of each split axis, and what its factors come to."""
    return [(step[3], math.prod(step[4])) for step in steps if step[0] == "SP"]


def test_states_of_other_shapes_are_snapped_and_fit(library: ConfigLibrary, task: Any) -> None:
    import tvm

    found = library.suggest(task, 8, platform="board")[0]
    assert len(found) == 8 and found.by == "snapping"
    assert "2 other workloads are on record" in found.why
    for each in found:
        assert all(axis % inner == 0 for axis, inner in splits(each.config))
        schedule, tensors = task.compute_dag.apply_steps_from_state(each.native.state)
        assert tvm.lower(schedule, tensors)
    json.dumps(found.to_json())


def test_a_warm_start_measures_them_first_as_trials_of_the_budget(library: ConfigLibrary, task: Any) -> None:
    suggested = [each.config for each in library.suggest(task, 3, platform="board", seed=2)[0]]
    with library.job(TARGET, platform="board") as job:
        assert job.tune_ansor(task, 3, warm_start=True, verbose=0, seed=2)
        logged = [json.loads(record.native)["i"][1][1] for record in job.logged()]
    assert logged == suggested
    assert job.result is not None and job.result.job is not None
    options = library.show_job(job.result.job).header.options
    assert (options["warm_start"], options["warm_start_seed"]) == ("snapping", 2)


def test_a_build_takes_a_state_that_is_suggested_where_it_may(library: ConfigLibrary, task: Any) -> None:
    from tvm.auto_scheduler.dispatcher import DispatchContext

    def query(accept: Any, tunable: bool = True) -> Any:
        with library.using(platform="board", accept=accept):
            asked = (task.target, task.workload_key, tunable, task.compute_dag, "a function")
            return DispatchContext.current.query(*asked)

    assert query("stale") is None
    state = query("suggested")
    (outcome,) = library.summary().of("suggested")
    assert "never measured" in outcome.why and outcome.stored is None
    first = library.suggest(task, 1, platform="board")[0][0]
    assert str(state) == str(first.native.state)
    assert query("suggested", tunable=False) is None  # nobody tunes it
    assert not library.summary().outcomes
