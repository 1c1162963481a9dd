"""What Python shows of answers: a prompt and a notebook print what somebody can read, and nothing of it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection, TvmgitlibError
from tvmgitlib.library.reading import Outcome, Summary
from tvmgitlib.model import Workload, duration

Once = Callable[..., Any]

LOG = Path(__file__).parents[1] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"


@pytest.fixture
def filled(library: ConfigLibrary, tmp_path: Path, once: Once) -> ConfigLibrary:
    """A library with 60 workloads of names that are no friends, and a whole history."""

    def make() -> None:
        record = json.loads(LOG.read_bytes().splitlines()[0])
        with (tmp_path / "many.log").open("w") as file:
            for number in range(60):
                record["input"][1:3] = ["<script>alert(1)</script>", [number, "float32"]]
                file.write(json.dumps(record) + "\n")
        library.import_logs(tmp_path / "many.log", platform="board")
        library.import_logs(LOG, platform="board", keep_history=True)

    once(make)
    return library


@pytest.mark.parametrize("ask", ["best", "trials", "log", "blame"])
def test_answers_are_lists_that_show_themselves_in_a_few_lines(filled: ConfigLibrary, ask: str) -> None:
    answers = getattr(filled, ask)()
    assert isinstance(answers, list)
    assert answers == list(answers)
    assert len(repr(answers)) < 2500
    assert repr(answers).startswith(f"<{len(answers)} answers>")
    table = answers._repr_html_()
    assert "<script>" not in table
    assert len(table) < 40_000
    if ask != "log":
        assert "&lt;script&gt;" in table
        assert "and 11 more" in table


def test_one_answer_says_what_it_is(filled: ConfigLibrary) -> None:
    (config,) = filled.best(Selection(workload="matmul"))
    assert repr(config) == f"<BestConfig {duration(config.cost)}: tvmgitlib/matmul(128, 128, 128, f32) on board>"
    (changed,) = filled.diff("HEAD~1", selection=Selection(workload="matmul"))
    assert repr(changed) == "<ConfigChange added: tvmgitlib/matmul(128, 128, 128, f32) on board>"

    job = filled.log()[0]
    assert repr(job) == f"<LogEntry {job.job} of {(job.date or '')[:10]}: Import 1 workload for board: 32 trials>"


def test_the_curve_of_a_job_comes_down_to_its_best(filled: ConfigLibrary) -> None:
    curve = filled.tuning_curve(filled.log()[0].job)
    (best,) = filled.best(Selection(workload="matmul"))
    assert [point.trial for point in curve] == list(range(1, 33))
    costs = [point.best for point in curve if point.best is not None]
    assert costs == sorted(costs, reverse=True)
    assert curve[-1].best == pytest.approx(best.cost)
    label = "tvmgitlib/matmul(128, 128, 128, f32)"
    assert repr(curve[-1]) == f"<CurvePoint trial 32: {duration(curve[-1].cost)}, best {duration(best.cost)}: {label}>"
    assert curve.columns().keys() == curve[0].to_json().keys()


def test_a_data_frame_has_a_column_for_each_field(filled: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = filled.best().columns()
    assert {"cost", "platform", "workload_label", "job"} <= columns.keys()
    assert {len(values) for values in columns.values()} == {61}
    assert filled.best(Selection(workload="nothing")).columns() == {}
    monkeypatch.setitem(sys.modules, "pandas", None)  # not installed
    with pytest.raises(TvmgitlibError, match="tvmgitlib\\[dataframe\\]"):
        filled.best().to_dataframe()


def test_a_summary_says_something_at_a_prompt() -> None:
    summary = Summary()
    outcome: Any = Outcome("autotvm", "llvm", "board", "<b>dense</b>", None, "missing", "no record")
    summary.add(outcome, Workload("autotvm", "dense"))
    assert repr(summary) == "<Summary: 1 task looked up, 0 tuned: 1 missing>"
    assert "&lt;b&gt;dense" in summary._repr_html_()
