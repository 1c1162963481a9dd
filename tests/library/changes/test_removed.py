"""Segments that plain Git removed: named, and taken for what they are, a revert."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError, JobError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def jobs(library: ConfigLibrary, make_log: MakeLog, once: Once) -> list[str]:
    """Three jobs on one workload; the last is the best."""

    def make() -> list[str]:
        made = [library.import_logs(make_log("dense", [cost]), platform="box").job for cost in (3e-3, 2e-3, 1e-3)]
        return [job for job in made if job is not None]

    return once(make)


def costs(library: ConfigLibrary) -> list[float]:
    return [config.cost for config in library.best()]


@pytest.mark.parametrize("which", [1, 2])
def test_a_plain_revert_is_accepted_as_a_job_of_kind_revert(
    library: ConfigLibrary, jobs: list[str], git: Git, which: int
) -> None:
    git(library.path, "revert", "--no-edit", f"HEAD~{2 - which}")
    by = library.commit
    assert any("tvmgitlib revert --removed" in problem.message for problem in library.check())
    done = library.revert_removed()
    assert done is not None and done.reverted == (jobs[which],)
    assert library.check() == []
    assert costs(library) == [2e-3 if which == 2 else 1e-3]
    said = library.show_job(done.job).header
    assert said.kind == "revert" and by[:12] in str(said.reason)
    library.revert(done.job)
    assert costs(library) == [1e-3]
    assert library.check() == []


def test_a_plain_revert_that_stops_at_configs_says_how_to_go_on(
    library: ConfigLibrary, jobs: list[str], git: Git
) -> None:
    """The first job made the file of configs/ that later ones changed."""
    with pytest.raises(subprocess.CalledProcessError):
        git(library.path, "revert", "--no-edit", "HEAD~2")
    with pytest.raises(GitError, match="git add --all configs, finish with git revert --continue"):
        library.revert_removed()
    git(library.path, "add", "--all", "configs")
    git(library.path, "-c", "core.editor=true", "revert", "--continue")
    assert library.revert_removed() is not None
    assert library.check() == []
    assert costs(library) == [1e-3]


def test_a_plain_revert_that_is_undone_is_no_matter(library: ConfigLibrary, jobs: list[str], git: Git) -> None:
    git(library.path, "revert", "--no-edit", "HEAD")
    git(library.path, "revert", "--no-edit", "HEAD")
    assert library.check() == []
    assert library.revert_removed() is None


def test_a_plain_revert_of_a_revert_brings_the_job_back(library: ConfigLibrary, jobs: list[str], git: Git) -> None:
    first = library.revert(jobs[2])
    git(library.path, "revert", "--no-edit", "HEAD")
    assert costs(library) == [1e-3]
    done = library.revert_removed()
    assert done is not None and done.reverted == (first.job,)
    assert costs(library) == [1e-3]
    assert library.check() == []


def test_a_removed_job_can_be_reverted_by_its_name(library: ConfigLibrary, jobs: list[str], git: Git) -> None:
    git(library.path, "rm", "-r", "-q", "jobs")
    git(library.path, "commit", "-q", "-m", "Clean up")
    done = library.revert(jobs[0][:6], reason="the fan was off")
    assert done.reverted == (jobs[0],)
    assert {problem.file for problem in library.check()} >= {f"jobs/{job[:2]}/{job}.jsonl" for job in jobs[1:]}
    rest = library.revert_removed()
    assert rest is not None and set(rest.reverted) == set(jobs[1:])
    assert library.check() == []


def test_a_job_that_never_was_is_still_unknown(library: ConfigLibrary, jobs: list[str]) -> None:
    with pytest.raises(JobError, match="no job begins"):
        library.revert("0000000000000000")


def test_the_edit_of_a_segment_is_no_removal_and_check_says_how_to_undo_it(
    library: ConfigLibrary, jobs: list[str], git: Git
) -> None:
    path = f"jobs/{jobs[0][:2]}/{jobs[0]}.jsonl"
    file = library.path / path
    file.write_text(file.read_text().replace("0.003", "0.0003"))
    git(library.path, "commit", "-q", "-am", "Cheat")
    library.rebuild()
    assert library.revert_removed() is None
    (problem,) = library.check()
    command = problem.message.rpartition("undo it with ")[2].split(" and ")[0]
    git(library.path, *command.removeprefix("git ").split())
    git(library.path, "commit", "-q", "-m", "Undo")
    library.rebuild()
    assert library.check() == []


def test_what_plain_git_removed_is_taken_in_once(library: ConfigLibrary, jobs: list[str], git: Git, cli) -> None:
    git(library.path, "revert", "--no-edit", "HEAD")
    assert cli("revert", "--removed").code == 0
    assert jobs[2] in cli.out
    assert cli("check").code == 0
    assert cli.json("revert", "--removed") == {
        "job": None,
        "commit": None,
        "reverted": [],
        "restored": 0,
        "removed": 0,
        "left_alone": [],
    }
    assert cli.code == 0


def recipe(page: str) -> list[str]:
    """The commands of a page's CI job, without those that install."""
    text = (Path(__file__).parents[3] / page).read_text()
    lines = re.findall(r"^  - run: (.*?)(?: *#.*)?$", text, re.MULTILINE)
    return [line for line in lines if not line.startswith("pip ")]


def test_the_pages_give_one_recipe() -> None:
    assert recipe("README.md") == recipe("docs/ci.md") != []


@pytest.mark.slow
def test_the_recipe_is_green_after_a_plain_revert(
    library: ConfigLibrary, jobs: list[str], make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "remote.git")
    git(library.path, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "host")
    library.import_logs(make_log("pool", [1e-3]), platform="box")
    library.propose("mine")
    git(tmp_path / "host", "revert", "--no-edit", "HEAD~1")  # the button of a host
    git(tmp_path / "host", "push", "-q")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "ci")
    program = tmp_path / "bin" / "tvmgitlib"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m tvmgitlib \"$@\"\n")
    program.chmod(0o755)
    env = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PROPOSAL": "origin/mine"}
    for command in recipe("README.md"):
        subprocess.run(["sh", "-e", "-c", command], cwd=tmp_path / "ci", env=env, check=True)
    library.sync()
    assert library.check() == []
    assert sorted(config.cost for config in library.best()) == [1e-3, 1e-3]
    assert {entry.kind for entry in library.log()} == {"import", "revert"}
    assert next(entry for entry in library.log() if entry.job == jobs[1]).reverted is not None


def test_either_jobs_are_named_or_what_was_removed(library: ConfigLibrary, jobs: list[str], cli) -> None:
    assert cli("revert").code == 2
    assert cli("revert", jobs[0], "--removed").code == 2
    with pytest.raises(JobError):
        library.revert()


def test_what_a_shallow_clone_cannot_see_is_not_taken_for_nothing(
    library: ConfigLibrary, jobs: list[str], git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", library.path.as_uri(), "shallow")
    with pytest.raises(GitError, match="unshallow"):
        ConfigLibrary(tmp_path / "shallow").revert_removed()
