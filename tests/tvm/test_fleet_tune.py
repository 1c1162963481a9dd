"""`tvmgitlib tune`, `platform detect` and `fleet status` on a fleet, with a real tracker and real servers."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.tvm("0.16", "0.27", soak="0.25")
HERE = Path(__file__).parent
TARGET = "llvm -mtriple=x86_64-linux-gnu -mcpu=haswell -num-cores=2"

work = SimpleNamespace(**runpy.run_path(str(HERE / "farm.py")))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written: Path = runpy.run_path(str(HERE / "model_job.py"))["write_model"](tmp_path_factory.mktemp("m") / "m.onnx")
    return written


def on(farm: Any) -> tuple[str, ...]:
    return ("--rpc-tracker", farm.tracker.name, "--rpc-key", work.KEY)


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


def test_who_is_there_is_shown(cli: Any, farm: Any) -> None:
    assert cli("fleet", "status", farm.tracker.name, "--key", work.KEY, "--want", 2, "--json").code == 0
    assert len(json.loads(cli.out)["boards"]) == 2
    assert cli("fleet", "status", farm.tracker.name, "--key", work.KEY, "--want", 3).code == 1
