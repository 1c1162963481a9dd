"""Sparse checkouts stay as sparse as the user made them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
T0 = "autotvm/t0_tvmgitlib_matmul_{}.log"


@pytest.fixture
def library(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    for tuner in ("ga", "grid"):
        library.import_logs(logs / T0.format(tuner), platform="board")
    return library


def tags(library: ConfigLibrary, git: Git) -> dict[str, str]:
    lines = git(library.path, "ls-files", "-t").splitlines()
    return {path: tag for tag, path in (line.split(" ", 1) for line in lines)}


@pytest.mark.parametrize("digits", [40, 64])
@pytest.mark.parametrize("kind", [["--cone"], ["--no-cone"], ["--cone", "--sparse-index"]], ids="-".join)
def test_a_job_brings_no_file_back_that_the_user_left_out(
    library: ConfigLibrary, logs: Path, git: Git, tmp_path: Path, kind: list[str], digits: int
) -> None:
    if digits == 64:
        git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "other")
        library = ConfigLibrary.init(tmp_path / "other")
        library.import_logs(logs / T0.format("ga"), platform="board")
    wanted = "configs" if kind[0] == "--cone" else "/*\n!/jobs/\n"
    git(library.path, "sparse-checkout", "init", *kind)
    git(library.path, "sparse-checkout", "set", *wanted.split())
    assert not (library.path / "jobs").exists()
    job = library.import_logs(logs / T0.format("xgb"), platform="board").job
    assert job is not None
    library.configure("keep", 3)
    library.revert(job)
    assert not (library.path / "jobs").exists()
    assert {tag for path, tag in tags(library, git).items() if path.startswith("jobs/")} == {"S"}
    assert {tag for path, tag in tags(library, git).items() if not path.startswith("jobs/")} == {"H"}
    assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
    assert library.check() == []
    git(library.path, "sparse-checkout", "disable")
    assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
    assert library.check() == []


def test_a_clone_of_settings_alone_stays_so(library: ConfigLibrary, logs: Path, git: Git) -> None:
    git(library.path, "sparse-checkout", "set", "--cone")
    before = {path.name for path in library.path.iterdir()}
    library.import_logs(logs / T0.format("xgb"), platform="other")
    assert {path.name for path in library.path.iterdir()} == before == {".git", ".gitattributes", "tvmgitlib.json"}
    assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
    assert library.check() == []


def test_a_file_that_the_user_put_where_none_is_wanted_is_named(library: ConfigLibrary, git: Git) -> None:
    path = next(path for path in tags(library, git) if path.startswith("jobs/"))
    git(library.path, "sparse-checkout", "set", "configs")
    (library.path / path).parent.mkdir(parents=True)
    (library.path / path).write_text("mine\n")
    assert [problem.file for problem in library.check()] == [path]


def test_without_a_sparse_checkout_a_file_that_is_missing_is_named(library: ConfigLibrary, git: Git) -> None:
    path = next(path for path in tags(library, git) if path.startswith("jobs/"))
    (library.path / path).unlink()
    assert [problem.file for problem in library.check()] == [path]
