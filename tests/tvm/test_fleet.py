"""Trials on a fleet, with TVM's own tracker and servers on loopback: what is the farm's fault is no trial."""

from __future__ import annotations

import runpy
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.recorded import read_job
from tvmgitlib.live.fleet import Kernel, Timed, fleet_at, measure
from tvmgitlib.model import FleetError, SelectionError

pytestmark = pytest.mark.tvm("0.16", "0.27", soak="0.25")

HERE = Path(__file__).parent

work = SimpleNamespace(**runpy.run_path(str(HERE / "farm.py")))
tuning = SimpleNamespace(**runpy.run_path(str(HERE / "fleet_job.py")))
Git = Callable[..., str]

ARGUMENTS = ((((work.SIZE,) * 2), "float32"),) * 3


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kernel]:
    """One that is well, one that takes half a second, one that takes ten, and one that takes its server down."""
    folder = tmp_path_factory.mktemp("kernels")
    builds = {"well": (), "slow": ("usleep", 1000), "endless": ("usleep", 20000), "crashing": ("abort",)}
    return {name: Kernel(str(work.build(folder, name, *said)), "cpu", ARGUMENTS) for name, said in builds.items()}


class Results(dict[int, Timed]):
    """What came of each trial; something may be done after the first results."""

    def __init__(self, after: int = 0, then: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.after, self.then = after, then

    def came(self, at: int, outcome: Timed) -> None:
        assert at not in self
        self[at] = outcome
        if len(self) == self.after:
            self.then()

    @property
    def failures(self) -> list[str]:
        return [each.failure.text for each in self.values() if each.failure is not None]


def test_a_board_that_dies_in_a_measurement_and_a_tracker_that_restarts_cost_no_trial(
    farm: Any, kernels: dict[str, Kernel]
) -> None:
    farm.at(2)
    back = threading.Timer(4.0, farm.start_tracker)

    def outage() -> None:
        farm.kill_one()
        farm.stop_tracker()
        back.start()

    results = Results(2, outage)
    measure(farm.fleet(), [kernels["slow"]] * 6, results.came)
    back.join()
    assert sorted(results) == list(range(6))
    assert results.failures == []


@pytest.mark.soak
@pytest.mark.parametrize(("away", "patience"), [(15.0, 600.0), (70.0, 600.0)])
def test_a_tracker_that_is_away_for_long_costs_no_trial(
    farm: Any, kernels: dict[str, Kernel], away: float, patience: float
) -> None:
    farm.at(2)

    def outage() -> None:
        farm.kill_one()
        farm.stop_tracker()

    def over() -> None:  # in both TVMs what was away for a minute has lost its boards for good
        farm.start_tracker()
        farm.at(2)

    back = threading.Timer(away, over)
    results = Results(2, lambda: (outage(), back.start()))
    measure(farm.fleet(patience), [kernels["slow"]] * 12, results.came)
    back.join()
    assert (sorted(results), results.failures) == (list(range(12)), [])


def test_a_farm_that_stays_away_ends_the_job_with_what_came(farm: Any, kernels: dict[str, Kernel]) -> None:
    farm.at(2)
    results = Results(2, farm.stop_tracker)
    with pytest.raises(FleetError, match=r"no board of board at 127.0.0.1.* was to be had for 2 s: ") as caught:
        measure(farm.fleet(2.0), [kernels["slow"]] * 8, results.came)
    assert caught.value.exit_code == 75
    assert 2 <= len(results) < 8
    assert results.failures == []


def test_a_job_that_has_begun_waits_for_boards_before_a_task_too(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    farm.at(2)
    fleet = farm.fleet(60.0)
    farm.stop_tracker()
    monkeypatch.setattr("tvmgitlib.live.fleet.fleet._FIRST", 0.1)
    with pytest.raises(FleetError, match=r"no tracker answers at 127.0.0.1:"):
        fleet.found()
    with pytest.raises(FleetError, match=r"no board of board at 127.0.0.1.* was to be had for 0.2 s: no tracker"):
        replace(fleet, patience=0.2).awaited()
    back = threading.Timer(0.5, farm.start_tracker)
    back.start()
    assert fleet.awaited().boards
    back.join()


def test_a_fleet_without_a_board_or_a_tracker_is_refused(farm: Any) -> None:
    farm.at(1)
    with pytest.raises(FleetError, match=r"no board of the key 'other'; it has boards of board \("):
        fleet_at(farm.tracker.name, "other", "nas")
    with pytest.raises(FleetError, match=r"no tracker answers at 127.0.0.1:"):
        fleet_at(f"127.0.0.1:{work.free_port()}", "board", "nas")


@pytest.mark.parametrize(
    ("address", "key", "platform"), [("farm", "k", "nas"), ("farm:0", "k", "nas"), ("farm:1", "a:b", "nas")]
)
def test_what_names_no_fleet_is_refused_unasked(address: str, key: str, platform: str) -> None:
    with pytest.raises(SelectionError):
        fleet_at(address, key, platform)


def test_a_kernel_that_takes_two_servers_down_is_one_failure(farm: Any, kernels: dict[str, Kernel]) -> None:
    farm.at(2)
    results = Results()
    names = ["well", "crashing", *["well"] * 4]
    with farm.watched():
        measure(farm.fleet(), [kernels[name] for name in names], results.came)
    assert sorted(results) == list(range(6))
    assert [at for at, each in results.items() if each.failure is not None] == [1]
    assert results[1].failure is not None
    assert results[1].failure.kind == "runtime_device"


def test_a_kernels_own_failures_are_not_the_farms(farm: Any, kernels: dict[str, Kernel]) -> None:
    farm.at(1)
    results = Results()
    refused = replace(kernels["well"], arguments=ARGUMENTS[:2])
    measure(farm.fleet(timeout=4.0), [refused, kernels["endless"], kernels["well"]], results.came)
    kinds = [each.failure and each.failure.kind for _, each in sorted(results.items())]
    assert kinds == ["runtime_device", "run_timeout", None]


def test_results_are_told_one_by_one(farm: Any, kernels: dict[str, Kernel]) -> None:
    farm.at(2)

    class Enough(Exception):  # noqa: N818  # it is no error
        pass

    def enough() -> None:
        raise Enough

    results = Results(3, enough)
    with pytest.raises(Enough):
        measure(farm.fleet(), [kernels["well"]] * 8, results.came)
    assert len(results) == 3


@pytest.mark.tvm("0.16", "0.27")
def test_what_came_of_a_killed_tuners_batch_is_on_the_disk_and_not_measured_again_elsewhere(
    library: ConfigLibrary, farm: Any, kernels: dict[str, Kernel], git: Git, tmp_path: Path, forked: Any
) -> None:
    remote, kernel = tmp_path / "remote.git", Path(kernels["slow"].file)
    git(tmp_path, "clone", "--quiet", "--bare", str(library.path), str(remote))
    git(library.path, "remote", "add", "origin", remote.as_uri())
    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    farm.at(2)
    command = [sys.executable, HERE / "fleet_job.py", library.path, str(farm.port), kernel, "3"]
    with forked(command, start_new_session=True) as killed:
        assert killed.wait() == -signal.SIGKILL
    (left,) = library.open_jobs()
    assert len(list(read_job(left))) == 3

    shutil.rmtree(library.path)
    time.sleep(4 * tuning.SHARE)  # three renewals are missing then
    came: list[None] = []
    with tuning.job(other) as job:
        job.journal.watch(lambda: came.append(None))
        tuning.tune(job, tuning.task(), farm.fleet(), kernel)
    assert (job.id, job.resumed, len(came)) == (left.id, True, tuning.TRIALS - 3)
    assert job.result is not None and job.result.counts.read == tuning.TRIALS
    assert [(effort.trials, effort.failed, effort.repeated) for effort in other.trials()] == [(tuning.TRIALS, 0, 0)]
    assert git(remote, "for-each-ref", "refs/tvmgitlib/wip/") == ""


def test_a_board_that_hangs_is_left_to_itself(
    farm: Any, kernels: dict[str, Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.at(2)
    monkeypatch.setattr("tvmgitlib.live.fleet.trials._GRACE", 0.5)
    results = Results()
    threading.Timer(1.0, farm.hang_one).start()
    measure(farm.fleet(timeout=4.0), [kernels["slow"]] * 6, results.came)
    farm.close()
    assert (sorted(results), results.failures) == (list(range(6)), [])
