"""`log`: every job with the commit that added it, newest first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

Once = Callable[..., Any]

T0 = "autotvm/t0_tvmgitlib_matmul_{}.log"


@pytest.fixture
def library(library: ConfigLibrary, logs: Path, once: Once) -> ConfigLibrary:
    def make() -> None:
        for tuner in ("ga", "grid"):
            library.import_logs(logs / T0.format(tuner), platform="board")

    once(make)
    return library


def test_an_empty_library_has_no_jobs(tmp_path: Path) -> None:
    assert ConfigLibrary.init(tmp_path / "empty").log() == []


def test_jobs_come_newest_first_with_their_commits(library: ConfigLibrary, git) -> None:
    commits = git(library.path, "rev-list", "HEAD").split()
    log = library.log()
    assert [entry.commit for entry in log] == commits[:2]
    assert [(entry.kind, entry.author, entry.trials, entry.workloads) for entry in log] == [
        ("import", "Tess Ter", 32, 1)
    ] * 2
    assert [entry.subject for entry in log] == git(library.path, "log", "--format=%s", "-2").splitlines()
    assert all(entry.reverted is None for entry in log)
    for entry in log:
        assert f"Tvmgitlib-Job: {entry.job}" in git(library.path, "show", "--no-patch", entry.commit)


def test_other_commits_are_not_jobs(library: ConfigLibrary, git) -> None:
    library.configure("keep", 2)
    (library.path / "jobs" / "README").write_text("not a job\n")
    git(library.path, "add", "--all")
    git(library.path, "commit", "-q", "-m", "a file that does not belong there")
    git(library.path, "rm", "-q", "jobs/README")
    git(library.path, "commit", "-q", "-m", "away with it")
    assert len(library.log()) == 2


def test_a_job_that_was_removed_is_left_out_and_one_that_came_back_is_told_once(library: ConfigLibrary, git) -> None:
    job = library.log()[0].job
    git(library.path, "revert", "--no-edit", "HEAD")
    assert job not in {entry.job for entry in library.log()}
    git(library.path, "revert", "--no-edit", "HEAD")
    assert [entry.job for entry in library.log()].count(job) == 1
    assert library.log()[0].commit == library.commit


def test_jobs_of_both_sides_of_a_merge_are_told_once(library: ConfigLibrary, logs: Path, git) -> None:
    git(library.path, "branch", "side")
    same = library.import_logs(logs / T0.format("xgb"), platform="board")
    git(library.path, "switch", "-q", "side")
    git(library.path, "commit", "-q", "--allow-empty", "-m", "Part ways")  # or the same second makes the same commit
    assert library.import_logs(logs / T0.format("xgb"), platform="board").job == same.job
    library.import_logs(logs / T0.format("random"), platform="board")
    git(library.path, "switch", "-q", "main")
    git(library.path, "config", "--remove-section", "merge.tvmgitlib")  # as on a host
    git(library.path, "merge", "-q", "--no-edit", "-X", "ours", "side")
    jobs = [entry.job for entry in library.log()]
    assert len(jobs) == len(set(jobs)) == 4
    assert set(jobs) == {path.stem for path in (library.path / "jobs").glob("*/*.jsonl")}


def test_an_older_commit_has_the_jobs_of_then(library: ConfigLibrary) -> None:
    log = library.log()
    assert library.at("HEAD~1").log() == log[1:]
    assert library.at("HEAD~2").log() == []
