"""Which commit added a job: the index answers as a walk of the whole history does, however that history goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import Blame, ConfigLibrary
from tvmgitlib.library.outlines import index_file, opening
from tvmgitlib.store import commits_touching

MakeLog = Callable[..., Path]
Git = Callable[..., str]
Once = Callable[..., Any]


@pytest.fixture
def grown(library: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, once: Once) -> ConfigLibrary:
    """Three jobs, and an index that knows of them."""
    monkeypatch.setattr(opening, "WORTH_IT", 0)

    def make() -> None:
        library.configure("keep", 8)
        for name in ("conv", "dense", "pool"):
            library.import_logs(make_log(name, [1e-3, 2e-3]), platform="box")
        library.blame()

    once(make)
    return library


def walked(library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> list[Blame]:
    with monkeypatch.context() as patched:
        patched.setattr("tvmgitlib.library.outlines.outlines.opened", lambda _: None)
        return ConfigLibrary(library.path).blame()


def commits_of(library: ConfigLibrary) -> set[str | None]:
    return {blame.commit for blame in library.blame()}


def test_the_history_goes_on(
    grown: ConfigLibrary, make_log: MakeLog, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*commands: list[str]) -> None:
        for command in commands:
            git(grown.path, *command)
        found = ConfigLibrary(grown.path).blame()
        assert found == walked(grown, monkeypatch)
        assert None not in {blame.commit for blame in found}

    step()
    same = make_log("relu", [1e-3])
    step(["switch", "-q", "-c", "side"])
    grown.import_logs(same, platform="box")
    grown.import_logs(make_log("tanh", [1e-3]), platform="box")
    step()
    step(["switch", "-q", "main"])
    step(["commit", "-q", "--allow-empty", "-m", "Part ways"])
    grown.import_logs(make_log("gelu", [1e-3]), platform="box")
    step()
    grown.import_logs(same, platform="box")  # the same job on both sides
    step()
    grown.merge("side")
    step()
    job = grown.log()[-1].job
    git(grown.path, "rm", "-q", f"jobs/{job[:2]}/{job}.jsonl")
    git(grown.path, "commit", "-q", "-m", "away with it")
    grown.rebuild()
    step()
    git(grown.path, "revert", "--no-edit", "HEAD~1")
    grown.rebuild()
    step()
    again = git(grown.path, "rev-parse", "HEAD~1").strip()
    assert {blame.commit for blame in grown.blame() if blame.job == job} == {again}
    step(["commit", "-q", "--amend", "-m", "another one"])
    step(["checkout", "-q", "--orphan", "fresh"], ["commit", "-q", "-m", "all at once"])
    assert commits_of(grown) == {grown.commit}
    step(["switch", "-q", "side"])


def test_of_what_is_known_nothing_is_walked_again(
    grown: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[str] = []

    def counted(repository: object, commit: str, folder: str, *, since: tuple[str, ...] = ()) -> object:
        walks.extend(since)
        return commits_touching(repository, commit, folder, since=since)

    monkeypatch.setattr("tvmgitlib.library.outlines.additions.commits_touching", counted)
    before = grown.commit
    ConfigLibrary(grown.path).blame()
    assert walks == []
    grown.import_logs(make_log("relu", [1e-3]), platform="box")
    ConfigLibrary(grown.path).blame()
    ConfigLibrary(grown.path).blame()
    assert walks == [before]


def test_what_was_cut_off_is_known_when_it_is_there(
    grown: ConfigLibrary, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--depth=2", grown.path.as_uri(), "part")
    part = ConfigLibrary(tmp_path / "part")
    assert None in commits_of(part)
    git(part.path, "fetch", "-q", "--unshallow")
    assert ConfigLibrary(part.path).blame() == grown.blame() == walked(part, monkeypatch)


def test_where_the_index_is_not_to_be_written_history_is_walked(
    grown: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown.import_logs(make_log("relu", [1e-3]), platform="box")
    path = index_file(grown._view.repository.state)
    grown.log()
    whole = path.read_bytes()
    monkeypatch.setattr("tvmgitlib.library.outlines.database._PATIENCE", 0.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert ConfigLibrary(grown.path).blame() == walked(grown, monkeypatch)
    other.execute("ROLLBACK")
    other.close()
    assert path.read_bytes() == whole
