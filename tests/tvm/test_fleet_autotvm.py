"""AutoTVM on a fleet, with TVM's own tracker and servers on loopback."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import FleetError

pytestmark = pytest.mark.tvm("0.16")
HERE = Path(__file__).parent
TRIALS = 6

work = SimpleNamespace(**runpy.run_path(str(HERE / "farm.py")))


@pytest.fixture(scope="module")
def autotvm() -> Any:
    return SimpleNamespace(**runpy.run_path(str(HERE / "autotvm_job.py")))


@pytest.fixture(scope="module")
def task(autotvm: Any) -> Any:
    return autotvm.tasks()[-1]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Gives a kernel in the place of each config, for which nothing need be built."""
    return work.autotvm_builder(work.build(tmp_path_factory.mktemp("kernels"), "slow", "usleep", 200))


def test_a_job_outlives_a_board_and_stops_open_when_the_farm_is_away(
    library: ConfigLibrary, farm: Any, autotvm: Any, task: Any, builder: Any
) -> None:
    def tune(job: Any, fleet: Any) -> bool:
        return bool(job.tune(autotvm.tuner("random", task), TRIALS, {"builder": builder, "runner": fleet}))

    with pytest.raises(FleetError), library.job(autotvm.TARGET, platform="nas") as job:
        job.journal.watch(work.when_logged(2, farm.stop_tracker, job))
        tune(job, farm.fleet(2.0))
    (opened,) = library.open_jobs()
    assert opened.id == job.id

    farm.at(2)
    with library.job(autotvm.TARGET, platform="nas") as resumed:
        had = len(resumed.measured(task))
        assert 2 <= had < TRIALS
        resumed.journal.watch(work.when_logged(had + 1, farm.kill_one, resumed))
        assert tune(resumed, farm.fleet())
    assert resumed.id == job.id
    assert resumed.result is not None
    assert (resumed.result.counts.read, resumed.result.counts.failed) == (TRIALS, 0)
    assert library.platform("nas").facts == {}


def test_what_is_really_built_is_measured_with_its_baseline(
    library: ConfigLibrary, farm: Any, autotvm: Any, task: Any
) -> None:
    farm.at(2)
    with library.job(autotvm.TARGET, platform="nas") as job:
        job.tune(autotvm.tuner("random", task), 2, farm.fleet(), baseline=True)
    assert job.result is not None
    assert (job.result.counts.read, job.result.counts.failed) == (2, 0)
    (best,) = library.best()
    assert best.baseline is not None
