"""Revalidating Ansor's states on a real TVM: logs that name no TVM become records that hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

pytestmark = pytest.mark.tvm("0.16")

TVM = "hhb-tvm==0.16.dev0"
TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"


@pytest.fixture(scope="module")
def task() -> Any:
    """A small product of matrices, as any process knows it that has registered the function."""
    import tvm
    from tvm import auto_scheduler, te

    @auto_scheduler.register_workload("tvmgitlib_test_product", override=True)  # type: ignore[untyped-decorator]
    def product(size: int) -> list[Any]:
        one, other = (te.placeholder((size, size), name=name) for name in "AB")
        axis = te.reduce_axis((0, size), name="k")
        result = te.compute((size, size), lambda i, j: te.sum(one[i, axis] * other[axis, j], axis=axis), name="C")
        return [one, other, result]

    return auto_scheduler.SearchTask(func="tvmgitlib_test_product", args=(16,), target=tvm.target.Target(TARGET))


@pytest.fixture
def measuring() -> dict[str, Any]:
    from tvm import auto_scheduler

    return {
        "builder": auto_scheduler.LocalBuilder(timeout=60),
        "runner": auto_scheduler.LocalRunner(timeout=30, number=1, repeat=1, min_repeat_ms=0),
    }


def test_states_of_an_unknown_tvm_hold_once_they_are_measured_again(
    library: ConfigLibrary, tmp_path: Path, task: Any, measuring: dict[str, Any], cli: Any
) -> None:
    from tvm import auto_scheduler

    log = tmp_path / "ansor.json"
    task.tune(
        auto_scheduler.TuningOptions(
            num_measure_trials=4,
            num_measures_per_round=4,
            measure_callbacks=[auto_scheduler.RecordToFile(str(log))],
            verbose=0,
            **measuring,
        ),
        auto_scheduler.SketchPolicy(
            task,
            auto_scheduler.RandomModel(),
            params={"evolutionary_search_population": 32, "evolutionary_search_num_iters": 1},
            verbose=0,
        ),
    )
    library.import_logs(log, platform="box")
    (stale,) = library.best(tvm=TVM, accept="any")
    assert (stale.grade, stale.tuned_with.version) == ("stale", None)
    done = library.revalidate(platform="box", baseline=True, **measuring)  # the record says its task
    (record,) = done.records
    assert (record.state, record.why, record.old_cost) == ("holds", None, stale.cost)
    (exact,) = library.best(tvm=TVM)
    assert ((exact.job,), exact.record["i"][1]) == (done.jobs, stale.record["i"][1])
    assert exact.cost == pytest.approx(record.new_cost)  # TVM's log rounds
    assert exact.baseline is not None
    assert library.check() == []
    with library.using(platform="box") as summary:
        context = auto_scheduler.dispatcher.DispatchContext.current
        state = context.query(task.target, task.workload_key, False, None, "product")
    assert [outcome.state for outcome in summary.outcomes.values()] == [
        "slower" if exact.cost > exact.baseline else "exact"
    ]
    assert (state is None) == (exact.cost > exact.baseline)
    assert library.revalidate([task], platform="box", **measuring).exact == 1
    cli("revalidate", "--platform", "box", "--all", "--keep-refused")
    assert cli.code == 0
    assert "1 holds; committed as" in cli.out


def test_a_workload_that_nobody_registered_is_left(library: ConfigLibrary, logs: Path) -> None:
    library.import_logs(next((logs / "ansor").glob("*.json")), platform="box")
    done = library.revalidate(platform="box")
    assert done.jobs == ()
    assert {record.state for record in done.records} == {"left"}
    assert all("the task" in str(record.why) for record in done.records)
