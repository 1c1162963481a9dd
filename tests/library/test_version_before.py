"""Libraries that version 0.1 made are read, checked and written on: tests/data/version-0.1.

The bundle holds imports of all three families, a setting, a revert and an invalidation; answers.json is what version
0.1 answered; job.json is a job that it had in progress.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

VERSION = Path(__file__).parents[1] / "data" / "version-0.1"
ANSWERS = json.loads((VERSION / "answers.json").read_text(encoding="utf-8"))
INVALIDATION, _, REVERT, *_ = (line[0] for line in ANSWERS["log"])


@pytest.fixture
def before(tmp_path: Path) -> ConfigLibrary:
    """A clone of the library."""
    return ConfigLibrary.clone(str(VERSION / "library.bundle"), tmp_path / "before")


def members(answers: list[Any], *names: str) -> list[list[Any]]:
    return [[answer.to_json()[name] for name in names] for answer in answers]


def test_it_is_answered_from_as_before(before: ConfigLibrary) -> None:
    assert members(before.best(), "family", "target", "platform", "workload", "cost", "job") == ANSWERS["best"]
    assert members(before.log(), "job", "kind", "subject", "trials") == ANSWERS["log"]
    for answer, was in zip(before.trials(), ANSWERS["trials"], strict=True):
        assert was.items() <= answer.to_json().items()


def test_it_is_proven_and_folds_to_the_same_bytes(before: ConfigLibrary, git: Callable[..., str]) -> None:
    def trees() -> list[str]:
        return git(before.path, "rev-parse", "HEAD:jobs", "HEAD:configs", "HEAD:tvmgitlib.json").split()

    assert before.check() == []
    was = trees()
    before.rebuild()  # brings .gitattributes up to date, and nothing else
    assert trees() == was


def test_it_is_written_on(before: ConfigLibrary, logs: Path) -> None:
    before.import_logs(logs / "autotvm" / "t1_tvmgitlib_matmul_xgb.log", platform="board", tvm="hhb-tvm==0.16.dev0")
    before.revert(INVALIDATION)
    assert before.check() == []
    platforms = {config.platform for config in before.best()}
    assert platforms == {"board", "other"}  # what was invalidated holds again
    before.revert(REVERT)
    assert before.check() == []


def test_what_it_imported_is_known_and_what_others_imported_since_goes_with_it(
    before: ConfigLibrary, tmp_path: Path, logs: Path, git: Callable[..., str]
) -> None:
    log = logs / "autotvm" / "t2_conv2d_NCHWc_x86_xgb.log"
    told = {"platform": "board", "tvm": "hhb-tvm==0.16.dev0"}
    again = before.import_logs(log, **told)
    assert (again.already, again.job) == (True, "427553d712d8803b")
    was = before.trials()

    # Somebody who had not fetched that yet imports the same with a version that keeps histories: another segment.
    other = ConfigLibrary.clone(str(VERSION / "library.bundle"), tmp_path / "other")
    git(other.path, "reset", "--quiet", "--hard", "HEAD~2")
    other = ConfigLibrary(other.path)
    anew = other.import_logs(log, **told)
    assert anew.job not in (None, again.job)
    git(before.path, "fetch", "--quiet", str(other.path), "HEAD:refs/heads/theirs")
    before.merge("theirs")
    assert before.check() == []
    assert [effort.trials for effort in before.trials()] == [effort.trials for effort in was]  # each counted once


def test_its_job_in_progress_goes_on(before: ConfigLibrary, logs: Path) -> None:
    told = json.loads((VERSION / "job.json").read_text(encoding="utf-8"))
    folder = before.path / ".git" / "tvmgitlib" / "jobs" / told["id"]
    (folder / "work_dir").mkdir(parents=True)
    shutil.copy(VERSION / "job.json", folder)
    shutil.copy(logs / "autotvm" / "t1_tvmgitlib_matmul_grid.log", folder / "tuning.log")
    (opened,) = before.open_jobs()
    assert (opened.id, opened.spec.tuner, opened.spec.platform) == (told["id"], "ga", "board")
    result = before.finish_job()
    assert (result.job, result.counts.read) == (told["id"], 32)
    assert before.check() == []
