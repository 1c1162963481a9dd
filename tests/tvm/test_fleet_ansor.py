"""Ansor on a fleet, with TVM's own tracker and servers on loopback."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import FleetError

pytestmark = pytest.mark.tvm("0.16")
TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
TRIALS = 6

#: A search that takes no minute a round.
SMALL = {"evolutionary_search_population": 32, "evolutionary_search_num_iters": 1, "sample_init_min_population": 8}
TOLD: dict[str, Any] = {"params": SMALL, "seed": 1, "verbose": 0, "measures_per_round": TRIALS}

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "farm.py")))


@pytest.fixture(scope="module")
def task() -> Any:
    from tvm import auto_scheduler, target, te

    @auto_scheduler.register_workload
    def fleet_matmul(size: int) -> list[Any]:
        one, other = (te.placeholder((size, size), name=name) for name in "AB")
        axis = te.reduce_axis((0, size), name="k")
        return [one, other, te.compute((size, size), lambda i, j: te.sum(one[i, axis] * other[axis, j], axis=axis))]

    return auto_scheduler.SearchTask(func=fleet_matmul, args=(16,), target=target.Target(TARGET))


def test_a_job_stops_open_when_the_farm_is_away_and_outlives_a_board(
    library: ConfigLibrary, farm: Any, task: Any
) -> None:
    with pytest.raises(FleetError) as caught, library.job(TARGET, platform="nas") as job:
        job.journal.watch(work.when_logged(2, farm.stop_tracker, job))
        job.tune_ansor(task, TRIALS, runner=farm.fleet(2.0, min_repeat_ms=300), **TOLD)
    assert caught.value.exit_code == 75
    (opened,) = library.open_jobs()
    assert opened.id == job.id

    farm.at(2)
    with library.job(TARGET, platform="nas") as resumed:
        had = len(resumed.measured(task))
        assert 2 <= had < TRIALS
        resumed.journal.watch(work.when_logged(had + 1, farm.kill_one, resumed))
        assert resumed.tune_ansor(task, TRIALS, runner=farm.fleet(min_repeat_ms=300), **TOLD)
    assert resumed.id == job.id
    assert resumed.result is not None
    assert (resumed.result.counts.read, resumed.result.counts.failed) == (TRIALS, 0)
    assert library.platform("nas").facts == {}


def test_each_result_is_on_the_disk_when_it_comes_and_stock_runners_stay(
    library: ConfigLibrary, farm: Any, task: Any
) -> None:
    from tvm import auto_scheduler

    class Stop(Exception):  # noqa: N818  # it is no error
        pass

    def stop() -> None:
        raise Stop

    farm.at(2)
    with pytest.raises(Stop), library.job(TARGET, platform="nas") as job:
        job.journal.watch(work.when_logged(1, stop, job))
        job.tune_ansor(task, TRIALS, runner=farm.fleet(), **TOLD)
    with library.job(TARGET, platform="nas") as resumed:
        assert len(resumed.measured(task)) == 1
        stock = auto_scheduler.RPCRunner(work.KEY, "127.0.0.1", farm.port, number=1, min_repeat_ms=0)
        resumed.tune_ansor(task, 3, runner=stock, **TOLD)
    assert resumed.result is not None
    assert resumed.result.counts.read == 3  # two by TVM's own, which hhb-tvm's servers answer with a failure
