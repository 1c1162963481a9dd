"""The live part of the warm start benchmark, small: it really tunes, so it takes a minute or two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]


def benchmark(folder: Path, *told: str) -> list[dict[str, Any]]:
    """The rows of a run, whose jobs are in a folder."""
    found = folder / "rows.json"
    arguments = [*told, "--work", str(folder / "work"), "--seeds", "1", "--count", "5", "--json", str(found)]
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "warm_start.py"), *arguments], check=True)
    return [json.loads(line) for line in found.read_text().splitlines()]


@pytest.mark.tvm("0.16")
def test_autotvm_is_tuned_cold_and_warm_and_a_second_run_finds_all_done(tmp_path: Path) -> None:
    told = ("--live", "autotvm", "--trials", "12", "--warm-trials", "8")
    rows = benchmark(tmp_path, *told)
    assert len(rows) == 5
    assert all(1 <= row["cold"] <= 13 and 1 <= row["warm"] <= 13 and 0 < row["first"] <= 1 for row in rows)
    assert all(row["cold best"] == 1 or row["warm best"] == 1 for row in rows)
    assert benchmark(tmp_path, *told) == rows


@pytest.mark.tvm("0.27")
def test_metaschedules_first_suggestion_computes_what_an_untuned_build_does(tmp_path: Path) -> None:
    rows = benchmark(tmp_path, "--live", "metaschedule", "--trials", "16")
    assert len(rows) == 5
    assert all(row["equal"] and 0 < row["untuned"] < row["first"] <= 1 for row in rows)
