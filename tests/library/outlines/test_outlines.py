"""The reading index: what is answered with it is what is answered without, whatever happened to it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import Condemned, ConfigLibrary, Selection
from tvmgitlib.format import read_segment
from tvmgitlib.library.outlines import Narrowing, Spent, index_file, opening
from tvmgitlib.library.reading import Lookup, Summary
from tvmgitlib.model import Segment, TvmgitlibError, TvmVersion, parse_target

TVM = "hhb-tvm==0.16.dev0"
ANSWERS: dict[str, Callable[[ConfigLibrary], Any]] = {
    "log": lambda library: library.log(),
    "log of a platform": lambda library: library.log(Selection(platform="board")),
    "log of a tuner": lambda library: library.log(tuner="ga"),
    "trials": lambda library: library.trials(),
    "trials of a family": lambda library: library.trials(Selection(family="ansor")),
    "trials of a platform": lambda library: library.trials(Selection(platform="board")),
    "trials for a TVM": lambda library: library.trials(tvm=TVM),
    "best": lambda library: library.best(),
    "best for a TVM": lambda library: library.best(tvm=TVM, accept="any"),
    "blame": lambda library: library.blame(),
    "nearest": lambda library: library.nearest(Selection(platform="nowhere")),
    "nearest to a target": lambda library: library.nearest(Selection(family="autotvm", target="cuda", workload="mm")),
    "nearest to a CPU": lambda library: library.nearest(
        Selection(target="llvm -mcpu=znver3 -mtriple=x86_64-linux-gnu", platform="other")
    ),
    "lookups": lambda library: lookups(library),
    "platforms": lambda library: library.platforms(),
    "check": lambda library: library.check(),
    "a job": lambda library: library.show_job(library.log()[0].job),
}


def lookups(library: ConfigLibrary) -> Summary:
    """What a build is told that looks up every workload of the library on another platform, and on one that it has."""
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "board")
        workloads = {config.place.workload: config.place.target for config in library.best()}
        for workload, target in workloads.items():
            for platform in ("nowhere", "board"):
                given = parse_target({**target.to_dict(), "model": platform})
                lookup.find(workload.family, given, workload)
        return lookup.summary


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is made of a library of any size."""
    monkeypatch.setattr(opening, "WORTH_IT", 0)


@pytest.fixture
def filled(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    """All families, two platforms, a revert, an invalidation, a job by a tuner."""
    jobs = [
        library.import_logs(logs / name, platform=platform, tvm=tvm).job
        for name, platform, tvm in (
            ("autotvm/t0_tvmgitlib_matmul_ga.log", "board", TVM),
            ("autotvm/t0_tvmgitlib_matmul_xgb.log", "board", TVM),
            ("ansor/mm_128x128x128.json", "other", TVM),
            ("metaschedule/v27_mm128", "board", "apache-tvm==0.27.0"),
        )
    ]
    library.revert(str(jobs[1]))
    library.invalidate(Condemned(Selection(family="ansor")), "another board")
    job = library.begin_job(platform="board", tvm=TVM, tuner="ga", facts={"cooling": "fan"})
    shutil.copy(logs / "autotvm" / "t2_conv2d_NCHWc_x86_ga.log", job.log)
    library.finish_job()
    return library


def file_of(library: ConfigLibrary) -> Path:
    return index_file(library._view.repository.state)


def answers(library: ConfigLibrary) -> dict[str, Any]:
    """Everything that a library answers, as by a new process."""
    fresh = ConfigLibrary(library.path)
    return {name: repr(ask(fresh)) for name, ask in ANSWERS.items()}


def without(library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch, rev: str | None = None) -> dict[str, Any]:
    with monkeypatch.context() as patched:
        patched.setattr(opening, "opened", lambda _: None)
        patched.setattr("tvmgitlib.library.outlines.outlines.opened", lambda _: None)
        found = ConfigLibrary(library.path) if rev is None else ConfigLibrary(library.path).at(rev)
        return {name: repr(ask(found)) for name, ask in ANSWERS.items()}


def commits(library: ConfigLibrary, git: Callable[..., str]) -> list[str]:
    return git(library.path, "rev-list", "HEAD").split()


@pytest.mark.usefixtures("always")
def test_the_answers_are_the_same_with_and_without(filled: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_of(filled).is_file()
    assert answers(filled) == without(filled, monkeypatch)
    file_of(filled).unlink()
    assert answers(filled) == without(filled, monkeypatch)


@pytest.mark.usefixtures("always")
def test_every_commit_of_the_history_is_answered_and_the_index_stays_at_the_tip(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.blame()
    content = file_of(filled).read_bytes()
    for commit in commits(filled, git)[:-1]:
        at = ConfigLibrary(filled.path).at(commit)
        if not at.log():
            continue
        assert {name: repr(ask(at)) for name, ask in ANSWERS.items()} == without(filled, monkeypatch, commit)
    assert file_of(filled).read_bytes() == content


@pytest.mark.usefixtures("always")
def test_the_index_follows_a_branch_that_was_reset(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.blame()
    git(filled.path, "reset", "--quiet", "--hard", "HEAD~1")
    assert answers(filled) == without(filled, monkeypatch)
    content = file_of(filled).read_bytes()
    connection = sqlite3.connect(file_of(filled))
    noted = dict(connection.execute("SELECT name, value FROM meta"))
    connection.close()
    tree, commit = git(filled.path, "rev-parse", "HEAD:jobs", "HEAD").split()
    assert (noted["tree"], noted["history"]) == (tree, commit)
    assert answers(filled) == without(filled, monkeypatch)
    assert file_of(filled).read_bytes() == content


@pytest.mark.usefixtures("always")
def test_a_branch_without_some_jobs_is_answered(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(filled.path, "checkout", "--quiet", "-b", "side", "HEAD~3")
    assert answers(filled) == without(filled, monkeypatch)
    git(filled.path, "checkout", "--quiet", "main")
    assert answers(filled) == without(filled, monkeypatch)


@pytest.mark.usefixtures("always")
def test_what_another_history_has_is_kept_from_some_size_on(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvmgitlib.library.outlines.updating._ANOTHER_HISTORY", 0)
    git(filled.path, "checkout", "--quiet", "-b", "side", "HEAD~3")
    before = file_of(filled).read_bytes()
    assert answers(filled) == without(filled, monkeypatch)
    assert file_of(filled).read_bytes() != before


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "damage", ["rubbish", "cut off", "pages", "empty", "another layout", "a folder of Git is gone"]
)
def test_a_damaged_index_is_made_anew(
    filled: ConfigLibrary, damage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    filled.log()  # so that nothing has to be written, which would find the damage
    path = file_of(filled)
    if damage == "rubbish":
        path.write_bytes(b"rubbish" * 4096)
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:4096])
    elif damage == "pages":  # what is only seen when a table is asked
        content = path.read_bytes()
        path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        sql = {
            "another layout": "UPDATE meta SET value = '0 0.0' WHERE name = 'layout'",
            "a folder of Git is gone": f"UPDATE meta SET value = '{'0' * 40}' WHERE name = 'tree'",
        }
        connection = sqlite3.connect(path)
        connection.execute(sql[damage])
        connection.commit()
        connection.close()
    with caplog.at_level(logging.WARNING):
        assert answers(filled) == without(filled, monkeypatch)
    assert ("damaged" in caplog.text) == (damage in ("rubbish", "cut off", "pages"))
    assert answers(filled) == without(filled, monkeypatch)


@pytest.mark.usefixtures("always")
def test_an_update_that_dies_leaves_the_index_as_it_was(
    filled: ConfigLibrary, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file_of(filled).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("tvmgitlib.library.outlines.facts.skim_segment", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            log = logs / "autotvm" / "t1_tvmgitlib_matmul_ga.log"
            filled.import_logs(log, platform="board", tvm=TVM)
            filled.log()
    assert file_of(filled).read_bytes() == before
    assert answers(filled) == without(filled, monkeypatch)


@pytest.mark.usefixtures("always")
def test_while_another_process_writes_it_answers_come_without_it(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvmgitlib.library.outlines.database._PATIENCE", 0.0)
    git(filled.path, "reset", "--quiet", "--hard", "HEAD~1")
    other = sqlite3.connect(file_of(filled), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert answers(filled) == without(filled, monkeypatch)
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.usefixtures("always")
def test_where_no_index_can_be_written_answers_come_without_it(
    filled: ConfigLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(filled).unlink()
    file_of(filled).mkdir()
    assert answers(filled) == without(filled, monkeypatch)


@pytest.mark.usefixtures("always")
def test_the_index_of_a_repository_that_nobody_asks_any_more_goes(filled: ConfigLibrary) -> None:
    old, other = (file_of(filled).with_name(f"{digit * 16}.sqlite") for digit in "01")
    for file in (old, other):
        file.write_bytes(b"")
    os.utime(old, (0, time.time() - 91 * 24 * 3600))
    filled.log()
    assert old.exists()  # looking costs something, so that it is done where one is made
    file_of(filled).unlink()
    ConfigLibrary(filled.path).log()
    assert (old.exists(), other.exists(), file_of(filled).exists()) == (False, True, True)


def test_a_small_library_has_none(filled: ConfigLibrary) -> None:
    assert not file_of(filled).exists()


@pytest.mark.usefixtures("always")
def test_a_malformed_segment_is_named_as_without(filled: ConfigLibrary, git: Callable[..., str]) -> None:
    job = filled.log()[0].job
    path = filled.path / "jobs" / job[:2] / f"{job}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"kind"', b'"kidn"', 1))
    git(filled.path, "commit", "--quiet", "-am", "break it")
    with pytest.raises(TvmgitlibError, match=rf"{job}\.jsonl, line 1"):
        ConfigLibrary(filled.path).log()
    git(filled.path, "reset", "--quiet", "--hard", "HEAD~1")
    assert ConfigLibrary(filled.path).log()[0].job == job


@pytest.mark.usefixtures("always")
def test_what_was_spent_is_told_by_the_index_alone(filled: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = repr(filled.trials(tvm=TVM))
    monkeypatch.setattr("tvmgitlib.library.outlines.outlines.read_segment", only_deciding)
    assert repr(ConfigLibrary(filled.path).trials(tvm=TVM)) == expected


def only_deciding(*given: Any, **how: Any) -> Segment:
    """Read a segment, which is of no job that adds records."""
    segment = read_segment(*given, **how)
    assert segment.header.kind in ("revert", "invalidate")
    return segment


@pytest.mark.usefixtures("always")
def test_what_a_job_spent_goes_with_it(
    filled: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvmgitlib.library.outlines.updating._ANOTHER_HISTORY", 0)
    filled.trials()
    git(filled.path, "reset", "--quiet", "--hard", "HEAD~1")
    connection = sqlite3.connect(file_of(filled))
    ConfigLibrary(filled.path).trials()
    (left,) = connection.execute("SELECT count(*) FROM effort WHERE task NOT IN (SELECT id FROM task)").fetchone()
    (kept,) = connection.execute("SELECT count(*) FROM effort").fetchone()
    connection.close()
    assert (left, kept) == (0, 4)


@pytest.fixture(params=[0, 1000], ids=["with an index", "without"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(opening, "WORTH_IT", request.param)
    yield


@pytest.mark.usefixtures("either")
def test_questions_are_narrowed_down(filled: ConfigLibrary) -> None:
    with filled._view.reading() as contents:
        outlines = contents.outlines
        assert len(outlines) == len(outlines.ids) == len(list(outlines)) == 7
        assert sorted(outlines.ids) == outlines.ids
        assert {segment.header.kind for segment in outlines.deciding()} == {"revert", "invalidate"}
        (ansor,) = outlines.having(Narrowing(family="ansor"))
        assert list(outlines.having(Narrowing(family="ansor", platform="board"))) == []
        place = ansor.tasks[0].task.place
        assert [segment.header.id for segment in outlines.having(Narrowing.to(place))] == [ansor.header.id]
        assert outlines.beginning(ansor.header.id[:5]) == [ansor.header.id]
        assert outlines.beginning("") == outlines.beginning("zz") == []
        assert outlines.get(ansor.header.id) == ansor
        assert outlines.get("0" * 16) is None
        told = outlines.told(ansor.header.id)
        assert told is not None
        assert (told.kind, told.trials, told.tasks) == ("import", 24, 1)
        assert outlines.told("0" * 16) is None
        (spent,) = outlines.spent(Narrowing(family="ansor"))
        assert [spent] == list(Spent.of(ansor))
        assert spent.workload.desc == ansor.tasks[0].task.workload.desc
        assert list(outlines.spent(Narrowing())) == [spent for segment in outlines for spent in Spent.of(segment)]
