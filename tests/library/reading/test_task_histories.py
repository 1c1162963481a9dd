"""Every finished job keeps a history of each task, whoever made it; what is asked of them is told as it stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection, TaskHistory
from tvmgitlib.model import RecordError

Once = Callable[..., Any]


@pytest.fixture
def tuned(library: ConfigLibrary, logs: Path, once: Once) -> ConfigLibrary:
    """A library with a job of each family."""

    def make() -> None:
        library.import_logs(logs / "autotvm" / "t2_conv2d_NCHWc_x86_xgb.log", platform="board")
        library.import_logs(logs / "ansor" / "mm_64x256x512.json", platform="board")
        library.import_logs(logs / "metaschedule" / "h100_matmul_256_timeouts", platform="h100")

    once(make)
    return library


def of(found: list[TaskHistory], family: str) -> TaskHistory:
    (history,) = (each for each in found if each.task.section.family == family)
    return history


def test_imports_of_every_family_have_them(tuned: ConfigLibrary) -> None:
    found = tuned.histories()
    assert [len(of(found, family).trials) for family in ("autotvm", "ansor", "metaschedule")] == [32, 32, 64]
    timeouts = of(found, "metaschedule")
    assert sum(trial.error is not None for trial in timeouts.trials) == timeouts.task.effort.failed == 52
    best = {config.place.family: config.cost for config in tuned.best()}
    for family, cost in best.items():
        assert of(found, family).trials[0].cost == pytest.approx(cost, rel=0.0055)
    assert {trial.decisions.extents["4"] for trial in timeouts.trials} == {256}
    assert tuned.check() == []


def test_a_job_that_is_finished_has_one_too(library: ConfigLibrary, logs: Path) -> None:
    job = library.begin_job("llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu", platform="board")
    shutil.copy(logs / "autotvm" / "t0_tvmgitlib_matmul_xgb.log", job.log)
    done = library.finish_job()
    (history,) = library.histories()
    assert history.header.id == done.job
    assert len(history.trials) == 32
    assert set(history.trials[0].decisions.config) == {"tile_y", "tile_x", "vec"}


def test_a_selection_is_by_family_target_platform_and_workload(tuned: ConfigLibrary) -> None:
    def families(**told: str) -> list[str]:
        return [each.task.section.family for each in tuned.histories(Selection(**told))]

    assert families(family="ansor") == ["ansor"]
    assert families(platform="h100") == ["metaschedule"]
    assert families(target="cuda -arch=sm_90a") == ["metaschedule"]
    assert families(workload="conv2d") == ["autotvm"]
    assert families(target="llvm -mcpu=haswell -mtriple=x86_64-linux-gnu") == []


def test_a_job_that_is_reverted_has_none_until_that_is_undone(tuned: ConfigLibrary) -> None:
    job = of(tuned.histories(), "ansor").header.id
    undone = tuned.revert(job)
    assert [each.task.section.family for each in tuned.histories()].count("ansor") == 0
    tuned.revert(undone.job)
    assert of(tuned.histories(), "ansor").header.id == job


def test_a_library_of_the_version_before_has_none(tmp_path: Path) -> None:
    bundle = Path(__file__).parents[2] / "data" / "version-0.1" / "library.bundle"
    before = ConfigLibrary.clone(str(bundle), tmp_path / "before")
    assert before.histories() == []


def test_a_version_that_knows_none_reads_over_them(tuned: ConfigLibrary) -> None:
    """Its schema allows `x-` members of a task, and whatever else it reads is as it was."""
    for history in tuned.histories():
        lines = (tuned.path / f"jobs/{history.header.id[:2]}/{history.header.id}.jsonl").read_text().splitlines()
        tasks = [json.loads(line)["task"] for line in lines if line.startswith('{"task":')]
        assert [task.keys() - {"workload", "effort"} for task in tasks] == [{"x-history"}]


def test_a_damaged_one_is_found_by_check_and_hides_nothing_else(tuned: ConfigLibrary, git: Callable[..., str]) -> None:
    job = of(tuned.histories(), "ansor").header.id
    path = tuned.path / f"jobs/{job[:2]}/{job}.jsonl"
    path.write_text(path.read_text().replace('"costs":[', '"costs":[-5,', 1))
    git(tuned.path, "commit", "-qam", "Damage it")
    damaged = ConfigLibrary(tuned.path)
    assert any(problem.line == 3 and "history" in problem.message for problem in damaged.check())
    with pytest.raises(RecordError, match=r"(?s)line 3.*history"):
        damaged.histories()
    assert len(damaged.trials()) == 3
