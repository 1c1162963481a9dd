"""The record side of a live job: what is judged as it is logged, and what counts as tuned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs import Journal, TakenJob
from tvmgitlib.model import Effort, JobError, Place, RecordError, TvmgitlibError, TvmVersion, parse_target

LOG = Path(__file__).parents[2] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
LINES = LOG.read_text().splitlines()
TARGET = json.loads(LINES[0])["input"][0]
TVM = TvmVersion.parse("hhb-tvm==0.16.dev0")


def line(at: int, error: int = 0, cost: float = 1e-3, target: str = TARGET) -> str:
    """A trial of a config of its own."""
    document = json.loads(LINES[0])
    document["input"][0] = target
    document["config"]["entity"] = [["tile", "ot", at]]
    document["result"] = [[1e9 if error else cost], error, 1.0, 1.7e9 + at]
    return json.dumps(document)


@pytest.fixture
def journal(library: ConfigLibrary) -> Iterator[Journal]:
    yield journal_of(library)


def journal_of(library: ConfigLibrary) -> Journal:
    opened = library.begin_job(TARGET, platform="board", tvm=TVM)
    claim = opened.claim()
    assert claim is not None
    return Journal(library._view, TVM, TakenJob(opened, claim, resumed=False))


def place(journal: Journal, logged: str | None = None) -> Place:
    """What records of the log answer for."""
    journal.append([logged] if logged else [])
    (record, *_) = journal.logged()
    return journal.place("autotvm", parse_target(TARGET), record.workload)


def finish(journal: Journal) -> None:
    journal.release()
    journal.finish()


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (line(7, target="cuda -arch=sm_80"), JobError),
        (line(7, target="llvm"), TvmgitlibError),
        (line(7, target="llvm -"), TvmgitlibError),
        ("{}", RecordError),
        ("no record", RecordError),
        (line(7).replace('"tvmgitlib/matmul"', "7"), RecordError),
    ],
    ids=["another target", "no triple", "no target", "an empty object", "no JSON", "a wrong field"],
)
def test_what_a_job_could_not_be_finished_with_is_refused_at_once(
    journal: Journal, bad: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        journal.append([line(1), bad, line(2)])
    assert [json.loads(each)["config"]["entity"][0][2] for each in journal.log.read_text().splitlines()] == [1, 2]
    journal.release()
    assert journal.finish().counts.kept == 2


def test_times_that_can_be_none_are_said_once(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    for cost in (0.0, float("nan"), -1.0):
        journal.append([line(1, cost=cost), line(2)])
    assert caplog.messages == ["a trial had a run time of 0 s: it counts as failed, like all such trials of this job"]
    assert [record.error for record in journal.logged()] == ["unknown", None] * 3


def failures(kinds: Iterable[int]) -> list[str]:
    return [line(at, error) for at, error in enumerate(kinds)]


@pytest.mark.parametrize("error", [4, 6, 7, 8], ids=["runtime_device", "build_timeout", "run_timeout", "unknown"])
@pytest.mark.parametrize("committed", [False, True])
def test_failures_that_may_pass_are_no_effort(library: ConfigLibrary, error: int, committed: bool) -> None:
    journal = journal_of(library)
    journal.append(failures([error] * 10))
    asked = place(journal)
    if committed:
        finish(journal)
        journal = journal_of(library)
        asked = journal.place("autotvm", parse_target(TARGET), asked.workload)
    assert not journal.is_tuned(asked, 1)
    assert journal.missing(asked, 10) == 10
    effort = journal.effort(asked)
    assert effort is not None
    assert (effort.trials, effort.failed, effort.lasting) == (10, 10, 0)
    journal.mark_exhausted(asked)  # as the first version of a library did when the tracker was gone
    assert not journal.is_tuned(asked, 1)


def test_successes_and_failures_that_come_again_are_effort(journal: Journal) -> None:
    journal.append(failures([0, 0, 1, 2, 3, 5, 4, 6, 7, 8]))
    asked = place(journal)
    assert journal.missing(asked, 10) == 4
    assert journal.is_tuned(asked, 6)
    assert not journal.is_tuned(asked, 7)
    journal.mark_exhausted(asked)
    assert journal.is_tuned(asked, 7)


def test_what_is_skipped_without_a_config_is_said(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    journal.append(failures([1, 2, 2]))
    asked = place(journal)
    assert journal.is_tuned(asked, 3)
    (said,) = caplog.messages
    assert "has no config, and is not tuned again: all of its 3 trials failed" in said
    caplog.clear()
    journal.append([line(9)])
    assert journal.is_tuned(asked, 3)
    assert caplog.messages == []


def test_effort_that_lasts() -> None:
    errors = {"compile_host": 2, "unknown": 3, "run_timeout": 1}
    assert Effort(10, 10, errors).lasting == 6
    assert Effort(10, 10, errors).is_enough(6)
    assert not Effort(10, 10, errors).is_enough(7)
    assert Effort(10, 10, errors, exhausted=True).is_enough(100)
    assert not Effort(6, 6, {"unknown": 6}, exhausted=True).is_enough(1)
