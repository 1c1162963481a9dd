"""`tvmgitlib tune` where there is no TVM: what it takes and shows; with one, see tests/tvm/test_tune_model.py."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tvmgitlib import Coverage, JobResult, ModelTuned, TaskTuning, Tuning, TvmVersion
from tvmgitlib.cli.commands.make import tune
from tvmgitlib.cli.live_table import live_table
from tvmgitlib.cli.terminal import progress
from tvmgitlib.library.changes import Counts

TARGET = "--target=llvm -mtriple=x86_64-linux-gnu"


def task(name: str, state: str, **known: Any) -> TaskTuning:
    return TaskTuning("metaschedule", "board", f"{name}@0.27", name, 1.0, state, **known)


#: One of each state of a run in the middle: 10 of 3 x 8 trials are on record, 6 of them made in 12 s.
ROWS = (
    task("skipped", "skipped", trials=8, cost=1e-3, baseline=1e-3),
    task("halfway", "tuning", trials=6, made=6, failed=1, cost=1e-3, baseline=3e-3),
    task("next", "waiting", trials=4),
    task("open", "unsearchable", why="n in its shapes is only known when it runs"),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_tvm_that_is_said(cli: Any, tmp_path: Path) -> None:
    cli("tune", tmp_path / "model.onnx", "--trials=4", TARGET)
    assert (cli.code, cli.out) == (4, "")
    assert cli.err.startswith("error: no TVM is installed in this Python\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["m.onnx"],
        ["m.onnx", "--trials=0"],
        ["m.onnx", "--trials=1", "--tuner=best"],
        ["m.onnx", "--trials=1", "--budget=soon"],
        ["m.onnx", "--trials=1", "--shard=0/8"],
        ["m.onnx", "--trials=1", "--shard=9/8"],
        ["m.onnx", "--trials=1", "--shard=x"],
    ],
    ids=" ".join,
)
def test_what_it_does_not_take_is_usage(cli: Any, arguments: list[str]) -> None:
    assert cli("tune", *arguments).code == 2


def test_time_left_and_speed_up_are_of_what_is_made_and_missing() -> None:
    tuning = Tuning(8, lambda: ROWS, elapsed=12.0, budget=None)
    assert tuning.left == 12.0  # 6 trials are missing
    assert tuning.speedup == 2.0  # (1 + 3) / (1 + 1) of the two that are known
    assert Tuning(8, lambda: ROWS, elapsed=12.0, budget=15.0).left == 3.0
    assert Tuning(8, lambda: ROWS[2:], elapsed=12.0, budget=None).left is None


def test_no_config_that_is_slower_counts_against_a_model() -> None:
    slower = task("slower", "tuned", trials=8, cost=4e-3, baseline=2e-3)
    faster = task("faster", "tuned", trials=8, cost=1e-3, baseline=2e-3)
    done = ModelTuned("m", JobResult(None, None, Counts()), False, (slower, faster), Coverage(TvmVersion(), ()))
    assert done.speedup == pytest.approx(4 / 3)
    assert (slower.speedup, done.is_complete) == (0.5, True)
    assert done.line == "2 tasks (2 tuned); 1.33x as fast as untuned (1 is slower, and built untuned)"
    both_ways = [replace(each, layer="[1, 64]") for each in (slower, faster)]  # one layer: a build takes one of them
    assert replace(done, tasks=(*both_ways, slower)).speedup == pytest.approx((2 + 2) / (1 + 2))
    nothing = replace(done, tasks=(slower, task("unknown", "tuned", trials=8, cost=1e-3)))
    assert nothing.speedup == 1.0
    assert nothing.line == "2 tasks (2 tuned); nothing faster than untuned was found, so builds stay untuned"


@pytest.mark.parametrize(("state", "complete"), [("tuned", True), ("unsearchable", True), ("short", False)])
def test_a_model_is_complete_when_nothing_is_left_to_do(state: str, complete: bool) -> None:
    rows = (ROWS[0], task("last", state))
    assert ModelTuned("m", JobResult(None, None, Counts()), False, rows, Coverage(TvmVersion(), ())).is_complete == (
        complete
    )


def test_a_small_terminal_shows_the_tasks_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "7")
    monkeypatch.setenv("COLUMNS", "80")
    text = tune._progress(Tuning(8, lambda: ROWS, elapsed=12.0, budget=None))
    assert [line.split()[-1] for line in text.splitlines()[1:3]] == ["halfway", "next"]
    assert text.endswith("and 2 more\n6 trials, 1 failed, 2.00x as fast as untuned, 12 s so far, 12 s left")


def test_the_table_is_written_over_and_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr("tvmgitlib.cli.live_table._PAUSE", 0.0)
    with live_table() as shown:
        assert shown is not None
        shown.show(lambda: "one\ntwo")
        shown.show(lambda: "three")
        progress.wipe()
        terminal.write("a warning\n")
    assert terminal.getvalue() == "one\ntwo\n\x1b[2A\r\x1b[Jthree\n\x1b[1A\r\x1b[Ja warning\n"


def test_a_line_as_wide_as_the_terminal_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "30")
    with live_table() as shown:
        assert shown is not None
        shown.show(lambda: f"{'a' * 30}\n{'b' * 31}")
        lines = terminal.getvalue().splitlines()
    assert (lines[0], len(lines[1])) == ("a" * 30, 30)


def test_where_nobody_looks_there_is_no_table() -> None:
    with live_table() as shown:
        assert shown is None
