"""Clones of a part: what they cannot see is said, and never taken for nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError, TvmgitlibError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def library(library: ConfigLibrary, make_log: MakeLog, git: Git, once: Once) -> ConfigLibrary:
    """Four jobs, by two people; whoever clones may leave out what they like."""

    def make() -> None:
        for number, cost in enumerate((4e-3, 3e-3, 2e-3, 1e-3)):
            git(library.path, "config", "user.name", "Ann" if number % 2 else "Bob")
            library.import_logs(make_log("dense" if number else "conv", [cost]), platform="box")
        git(library.path, "config", "uploadpack.allowFilter", "true")

    once(make)
    return library


def clone(library: ConfigLibrary, git: Git, tmp_path: Path, *options: str) -> ConfigLibrary:
    git(tmp_path, "clone", "-q", *options, library.path.as_uri(), "part")
    return ConfigLibrary(tmp_path / "part")


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_check_says_that_it_cannot_see_the_history(
    library: ConfigLibrary, git: Git, tmp_path: Path, cli, depth: int
) -> None:
    part = clone(library, git, tmp_path, f"--depth={depth}")
    (problem,) = part.check()
    cut = git(part.path, "rev-list", "--max-parents=0", "HEAD").strip()
    assert problem.commit == cut
    assert f"cut off at {cut[:12]}" in problem.message
    assert "git fetch --unshallow" in problem.message
    assert "--allow-shallow" in problem.message
    assert part.check(allow_shallow=True) == []
    cli.library = part.path
    assert cli("check").code == 1
    assert cli("check", "--allow-shallow").code == 0
    assert cli.json("check", "--allow-shallow") == {"sound": True, "problems": []}
    git(part.path, "fetch", "-q", "--unshallow")
    assert part.check() == []


def test_what_a_shallow_clone_can_see_is_checked(library: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    segment = next((library.path / "jobs").glob("*/*.jsonl"))
    segment.write_bytes(segment.read_bytes().replace(b'"complete":true', b'"complete":false'))
    git(library.path, "commit", "-q", "-am", "Cheat")
    library.rebuild()
    part = clone(library, git, tmp_path, "--depth=3")
    (problem,) = part.check(allow_shallow=True)
    assert "changed after it was committed" in problem.message


def test_a_clone_that_is_cut_off_elsewhere_is_whole(library: ConfigLibrary, git: Git, tmp_path: Path) -> None:
    git(library.path, "branch", "other")
    part = clone(library, git, tmp_path, "--depth=1", "--branch", "other")
    git(part.path, "switch", "-q", "--orphan", "fresh")
    fresh = ConfigLibrary.init(part.path)
    assert fresh.check() == []


def test_log_and_blame_say_where_history_is_cut_off_and_blame_nobody(
    library: ConfigLibrary, git: Git, tmp_path: Path, cli, caplog: pytest.LogCaptureFixture
) -> None:
    whole = {entry.job: entry for entry in library.log()}
    part = clone(library, git, tmp_path, "--depth=2")
    entries = part.log()
    assert {entry.job for entry in entries} == whole.keys()
    assert entries[0] == whole[entries[0].job]
    for entry in entries[1:]:
        assert (entry.commit, entry.date, entry.author) == (None, None, None)
        assert entry.trials == whole[entry.job].trials
    cut = git(part.path, "rev-list", "--max-parents=0", "HEAD").strip()
    assert f"cut off at {cut[:12]}" in caplog.text
    caplog.clear()
    by_workload = {blame.workload: blame for blame in part.blame()}
    assert [blame.author for _, blame in sorted(by_workload.items())] == [None, "Ann"]
    assert f"cut off at {cut[:12]}" in caplog.text
    cli.library = part.path
    assert cli("log").code == 0
    assert "?" in cli.out
    assert cli("blame").code == 0
    assert [line["commit"] for line in cli.lines("log")] == [entry.commit for entry in entries]


def test_a_whole_clone_says_nothing(library: ConfigLibrary, caplog: pytest.LogCaptureFixture) -> None:
    assert None not in {entry.commit for entry in library.log()}
    library.blame()
    assert caplog.text == ""


@pytest.mark.parametrize("what", ["sync", "merge", "propose"])
def test_histories_that_meet_where_it_is_cut_off_are_not_joined_blindly(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path, what: str
) -> None:
    git(library.path, "switch", "-q", "-c", "side", "HEAD~2")
    library.import_logs(make_log("pool", [1e-3]), platform="box")
    git(library.path, "switch", "-q", "main")
    part = clone(library, git, tmp_path, "--depth=1", "--no-single-branch")
    git(part.path, "switch", "-q", "-c", "mine", "origin/side")
    part.import_logs(make_log("pool", [2e-3]), platform="box")
    git(part.path, "config", "branch.mine.merge", "refs/heads/main")
    before = part.commit
    with pytest.raises(GitError, match="cut off") as caught:
        part.merge("origin/main") if what == "merge" else part.propose("p") if what == "propose" else part.sync()
    assert "git fetch --unshallow" in str(caught.value)
    assert part.commit == before
    git(part.path, "fetch", "-q", "--unshallow")
    part.merge("origin/main")
    assert part.check() == []


def test_jobs_travel_from_a_shallow_clone_and_back(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "remote.git")
    git(library.path, "remote", "add", "origin", (tmp_path / "remote.git").as_uri())
    git(tmp_path, "clone", "-q", "--depth=1", (tmp_path / "remote.git").as_uri(), "part")
    part = ConfigLibrary(tmp_path / "part")
    library.import_logs(make_log("dense", [5e-4]), platform="box")
    library.sync()
    part.import_logs(make_log("dense", [4e-4]), platform="box")
    done = part.sync()
    assert (len(done.sent), len(done.received)) == (1, 1)
    assert len(library.sync().received) == 1
    assert part.check(allow_shallow=True) == []
    assert library.check() == []


# Partial clones


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_says_what_is_missing_and_how_to_get_it(
    library: ConfigLibrary, git: Git, tmp_path: Path, kind: str
) -> None:
    part = clone(library, git, tmp_path, f"--filter={kind}")
    assert [config.cost for config in part.best()] == [config.cost for config in library.best()]
    with pytest.raises(TvmgitlibError) as caught:
        part.diff("HEAD~2")
    assert "missing" in str(caught.value)
    assert "partial clone" in str(caught.value)
    command = str(caught.value).rpartition("Run ")[2].split(",")[0]
    git(part.path, *command.removeprefix("git ").rstrip(".").split())
    assert len(part.diff("HEAD~2")) == len(library.diff("HEAD~2"))
    assert part.check() == []


@pytest.mark.parametrize("question", ["log", "check", "blame", "at"])
def test_a_clone_without_old_folders_never_answers_as_if_there_were_none(
    library: ConfigLibrary, git: Git, tmp_path: Path, question: str
) -> None:
    part = clone(library, git, tmp_path, "--filter=tree:0")
    with pytest.raises(TvmgitlibError, match="partial clone"):
        part.at("HEAD~2").best() if question == "at" else getattr(part, question)()
