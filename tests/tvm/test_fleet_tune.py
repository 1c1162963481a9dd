"""`tvmgitlib tune`, `platform detect` and `fleet status` on a fleet, with a real tracker and real servers."""

from __future__ import annotations

import json
import runpy
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, OpenJob

pytestmark = pytest.mark.tvm("0.16", "0.27", soak="0.25")
HERE = Path(__file__).parent
TARGET = "llvm -mtriple=x86_64-linux-gnu -mcpu=haswell -num-cores=2"

work = SimpleNamespace(**runpy.run_path(str(HERE / "farm.py")))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written: Path = runpy.run_path(str(HERE / "model_job.py"))["write_model"](tmp_path_factory.mktemp("m") / "m.onnx")
    return written


@pytest.fixture(autouse=True)
def builds_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each build begins with an import of TVM 0.27, which a busy machine may take a minute for."""
    monkeypatch.setattr("tvmgitlib.live.metaschedule.tuning._BUILD_TIMEOUT", 600.0)


def on(farm: Any) -> tuple[str, ...]:
    return ("--rpc-tracker", farm.tracker.name, "--rpc-key", work.KEY)


def results_of(job: OpenJob) -> int:
    """How many results of a job are on the disk."""
    files = (file for file in job.log_files if file.exists() and "workload" not in file.name)
    return sum(file.read_bytes().count(b"\n") for file in files)


def test_a_board_says_what_it_is(cli: Any, farm: Any) -> None:
    assert cli("platform", "detect", *on(farm), "--json").code == 0
    found = json.loads(cli.out)
    assert found["facts"]["cpu"]["name"]
    assert found["facts"]["cpu"]["threads"] > 0


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # onnx, where TVM 0.16 calls it
@pytest.mark.soak
def test_a_model_is_tuned_on_two_boards(cli: Any, farm: Any, model: Path) -> None:
    told = ("tune", model, "--trials", 2, "--target", TARGET, *on(farm))
    assert cli(*told).code == 2
    assert "name it with --platform NAME" in cli.err
    assert cli(*told, "--platform", "nas", "--json").code == 0, cli.err
    done = json.loads(cli.out)
    assert done["complete"]
    assert all(task["failed"] == 0 and task["platform"] == "nas" for task in done["tasks"])
    assert "2 boards of board at 127.0.0.1:" in cli.err
    assert cli("platform", "show", "nas", "--json").code == 0
    assert json.loads(cli.out)["facts"] == {}


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.soak
def test_a_tracker_that_is_away_for_70_s_leaves_the_job_open_and_the_same_command_goes_on(
    library: ConfigLibrary, cli: Any, farm: Any, model: Path
) -> None:
    farm.at(2)
    told = ("tune", model, "--trials", 2, "--target", TARGET, "--platform", "nas", *on(farm), "--rpc-patience", "1m")
    gone: list[float] = []

    def outage() -> None:
        while not any(map(results_of, library.open_jobs())):
            time.sleep(0.1)
        farm.stop_tracker()
        gone.append(time.monotonic())

    watching = threading.Thread(target=outage, daemon=True)
    watching.start()
    assert cli(*told).code == 75, cli.err
    watching.join()
    assert "Nothing is lost, and no trial counts as failed" in cli.err
    (left,) = library.open_jobs()
    time.sleep(max(0.0, gone[0] + 70 - time.monotonic()))
    farm.at(2)  # the boards have lost the tracker for good, and are started again
    assert cli(*told, "--json").code == 0, cli.err
    done = json.loads(cli.out)
    assert (done["job"], done["resumed"], done["complete"]) == (left.id, True, True)
    assert [(task["trials"], task["failed"]) for task in done["tasks"]] == [(2, 0)] * len(done["tasks"])
    assert sum(effort.failed for effort in library.trials()) == 0


def test_who_is_there_is_shown(cli: Any, farm: Any) -> None:
    assert cli("fleet", "status", farm.tracker.name, "--key", work.KEY, "--want", 2, "--json").code == 0
    assert len(json.loads(cli.out)["boards"]) == 2
    assert cli("fleet", "status", farm.tracker.name, "--key", work.KEY, "--want", 3).code == 1
