"""MetaSchedule on a fleet, with TVM's own tracker and servers on loopback."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import FleetError, PlatformError

pytestmark = pytest.mark.tvm("0.27")
HERE = Path(__file__).parent
TRIALS = 6

work = SimpleNamespace(**runpy.run_path(str(HERE / "farm.py")))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is run in the place of each schedule, for which nothing need be built."""
    return Path(work.build(tmp_path_factory.mktemp("kernels"), "slow", "usleep", 200))


@pytest.fixture
def told(kernel: Path) -> dict[str, Any]:
    scheduling = SimpleNamespace(**runpy.run_path(str(HERE / "metaschedule_job.py")))
    return {**scheduling.told(builder=work.metaschedule_builder(kernel), num_trials_per_iter=TRIALS), "runner": None}


@pytest.fixture
def matmul() -> Any:
    return runpy.run_path(str(HERE / "metaschedule_job.py"))["matmul"](work.SIZE)


def test_a_job_outlives_a_board_and_stops_open_when_the_farm_is_away(
    library: ConfigLibrary, farm: Any, told: dict[str, Any], matmul: Any
) -> None:
    with pytest.raises(FleetError) as caught, library.job(work.TARGET, platform="nas") as job:
        job.journal.watch(work.when_logged(2, farm.stop_tracker, job))
        job.tune_tir(matmul, TRIALS, **{**told, "runner": farm.fleet(2.0)})
    assert caught.value.exit_code == 75
    (opened,) = library.open_jobs()
    assert opened.id == job.id

    farm.at(2)
    with library.job(work.TARGET, platform="nas") as resumed:
        had = len(resumed.measured(matmul))
        assert 2 <= had < TRIALS
        resumed.journal.watch(work.when_logged(had + 1, farm.kill_one, resumed))
        assert resumed.tune_tir(matmul, TRIALS, **{**told, "runner": farm.fleet()}) == TRIALS - had
    assert resumed.id == job.id
    assert resumed.result is not None
    assert (resumed.result.counts.read, resumed.result.counts.failed) == (TRIALS, 0)
    assert library.platform("nas").facts == {}


def test_a_fleet_is_of_the_jobs_platform(library: ConfigLibrary, farm: Any, told: dict[str, Any], matmul: Any) -> None:
    farm.at(1)
    with (
        pytest.raises(PlatformError, match=r"is for the platform rk3399, and a fleet .* is of nas"),
        library.job(work.TARGET, platform="rk3399") as job,
    ):
        job.tune_tir(matmul, TRIALS, **{**told, "runner": farm.fleet()})
