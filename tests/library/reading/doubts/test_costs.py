"""What is too fast to be true is shown, and answers for nothing until it was measured a second time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import BestConfig, ConfigLibrary
from tvmgitlib.library.folding import remember_fold
from tvmgitlib.library.outlines import Outlines, opening
from tvmgitlib.library.reading import Lookup, Outcome
from tvmgitlib.model import SelectionError, TvmVersion, Workload, parse_target

MakeLog = Callable[..., Path]

TVM = "hhb-tvm==0.16.dev0"
TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
DENSE = Workload("autotvm", '["dense",[8,8,"float32"]]')

#: Eight configs that nobody doubts.
USUAL = [1e-3 + 1e-5 * step for step in range(8)]


@pytest.fixture(params=[0, 1000], ids=["with an index", "without one"])
def known(request: Any, library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> ConfigLibrary:
    """A library whose questions are answered by the reading index, and one that is too small for it."""
    monkeypatch.setattr(opening, "WORTH_IT", request.param)
    return library


@pytest.fixture
def add(make_log: MakeLog) -> Callable[..., str]:
    """Import a log of `dense` on the box: `add(library, costs, configs)`."""

    def run(library: ConfigLibrary, costs: list[float], configs: list[int] | None = None, **told: Any) -> str:
        log = make_log("dense", costs, configs, version="0.16.dev0")
        return library.import_logs(log, platform="box", tvm=TVM, **told).job

    return run


def looked_up(library: ConfigLibrary, accept: Any = "exact") -> Outcome:
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse(TVM), "box", accept)
        lookup.find("autotvm", parse_target(TARGET), DENSE)
    (outcome,) = lookup.summary.outcomes.values()
    return outcome


def the_best(library: ConfigLibrary) -> BestConfig:
    (found,) = library.best(tvm=TVM, accept="any")
    return found


def applied(library: ConfigLibrary) -> float | None:
    """What a build gets, in seconds."""
    stored = looked_up(library, "stale").stored
    return stored.record.cost if stored else None


def test_what_is_below_the_floor_is_shown_and_not_applied(library: ConfigLibrary, add: Any, cli: Any) -> None:
    add(library, [1e-9])
    best, outcome = the_best(library), looked_up(library, "stale")
    assert (best.grade, best.cost) == ("suspect", 1e-9)
    assert (outcome.state, outcome.stored, outcome.why) == ("suspect", None, best.why)
    assert "1 suspect" in str(cli("best", "--tvm", TVM).err) and cli.code == 1
    assert "policy.min-cost" in cli("best", "--tvm", TVM, "--accept", "any").out
    assert library.check() == []
    library.configure("policy.min-cost", 0)
    assert (the_best(library).grade, applied(library)) == ("exact", 1e-9)


def test_the_next_one_answers_and_the_suspect_one_is_told(known: ConfigLibrary, add: Any, cli: Any) -> None:
    add(known, [*USUAL, 9e-6])
    best = the_best(known)
    assert (best.grade, best.cost, applied(known)) == ("exact", 1e-3, 1e-3)
    assert "has a faster one, which is suspect: 9e-06 s is 111 times faster" in best.why
    (fastest,) = known.best()  # configs/ is what it was
    assert (fastest.cost, fastest.grade) == (9e-6, None)
    assert fastest.why.startswith("suspect: 9e-06 s is 111 times faster")
    for tvm in (TVM, "none"):
        assert "suspect" in cli("best", "--tvm", tvm).out
    assert cli.code == 0


def test_one_that_is_ahead_by_less_is_believed(known: ConfigLibrary, add: Any) -> None:
    add(known, [*USUAL, 1.1e-5])
    assert (the_best(known).grade, applied(known)) == ("exact", 1.1e-5)


def test_jobs_are_compared_with_each_other(known: ConfigLibrary, add: Any) -> None:
    add(known, USUAL)
    alone = add(known, [1e-6], [99])
    assert applied(known) == 1e-3
    known.revert(alone)
    assert "suspect" not in the_best(known).why


def test_a_second_measurement_that_agrees_lets_it_count(known: ConfigLibrary, add: Any) -> None:
    add(known, [*USUAL, 1e-6])
    add(known, [1e-3], [9])  # that does not
    assert applied(known) == 1e-3
    add(known, [1.2e-6], [9])
    assert (the_best(known).grade, applied(known)) == ("exact", 1e-6)


def test_the_same_measurement_twice_is_no_second_one(library: ConfigLibrary, make_log: MakeLog) -> None:
    log = make_log("dense", [1e-9], version="0.16.dev0")
    for fan in ("on", "off"):
        library.import_logs(log, platform="box", tvm=TVM, facts={"fan": fan})
    assert len(library.log()) == 2
    assert the_best(library).grade == "suspect"


@pytest.mark.parametrize(("again", "grade", "cost"), [(1.5e-9, "exact", 1.5e-9), (2e-3, "exact", 2e-3)])
def test_a_revalidation_decides(
    library: ConfigLibrary, add: Any, make_log: MakeLog, again: float, grade: str, cost: float
) -> None:
    add(library, [1e-9])
    job = library.begin_job(platform="box", tvm=TVM, kind="revalidate")
    shutil.copy(make_log("dense", [again], version="0.16.dev0"), job.log)
    library.finish_job(job.id)
    assert (the_best(library).grade, applied(library)) == (grade, cost)


def test_an_export_leaves_it_out_and_says_so(library: ConfigLibrary, add: Any, cli: Any, tmp_path: Path) -> None:
    add(library, [*USUAL, 1e-9])
    done = library.export("autotvm", tmp_path / "best.log")
    (line,) = (tmp_path / "best.log").read_text().splitlines()
    assert json.loads(line)["result"][0] == [1e-3]
    assert len(done.left_out) == 1 and "below what is plausible" in done.left_out[0]
    cli("export", "--format", "autotvm", "-o", tmp_path / "again.log")
    assert "left out" in cli.err


def test_where_nothing_else_is_there_nothing_is_exported(library: ConfigLibrary, add: Any, tmp_path: Path) -> None:
    add(library, [1e-9])
    with pytest.raises(SelectionError, match="below what is plausible"):
        library.export("autotvm", tmp_path / "best.log")


def test_a_job_that_cannot_be_read_keeps_nobody_from_an_answer(known: ConfigLibrary, add: Any, git: Any) -> None:
    job = add(known, USUAL)
    path = known.path / "jobs" / job[:2] / f"{job}.jsonl"
    add(known, [2e-3], [99])
    assert applied(known) == 1e-3
    path.write_bytes(path.read_bytes().replace(b'"task"', b'"tusk"'))
    git(known.path, "commit", "-qam", "Damage it")
    stamp = known.path / "configs" / ".fold"
    tree = git(known.path, "rev-parse", "HEAD:jobs").strip()
    document = json.loads(stamp.read_text()) | {"jobs": tree}
    stamp.write_text("{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in document.items()) + "\n}\n")
    git(known.path, "commit", "-qam", "Pretend that it was folded")
    with known._view.reading() as contents:
        remember_fold(contents)  # else all is folded anew, which such a job does keep from being done
    assert applied(ConfigLibrary(known.path)) == 1e-3


def test_once_proven_a_lookup_reads_no_other_job(
    known: ConfigLibrary, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does it in another clone, or where the index is gone: who folded all jobs has noted where it matters."""
    add(known, [1e-3], [1])
    add(known, [1.2e-3], [2])
    shutil.rmtree(known.path / ".git" / "tvmgitlib", ignore_errors=True)
    with known._view.reading() as contents:
        contents.whole()
    monkeypatch.setattr(Outlines, "far_ahead", lambda *_: pytest.fail("all jobs were asked"))
    assert applied(known) == 1e-3
    monkeypatch.undo()
    add(known, [*USUAL, 1e-6], [10, 11, 12, 13, 14, 15, 16, 17, 18])  # a job that came since is not overlooked
    assert applied(known) == 1e-3
    with known._view.reading() as contents:
        contents.whole()
    assert applied(known) == 1e-3 and the_best(known).remark is not None
