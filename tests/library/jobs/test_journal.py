"""The record side of a live job, without any TVM."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import JobError, TargetError
from tvmgitlib.library import jobs
from tvmgitlib.library.jobs import Journal, TakenJob
from tvmgitlib.model import GivenTarget, TvmVersion, Workload, parse_target

MakeLog = Callable[..., Path]

TVM = TvmVersion("hhb-tvm", "0.16.dev0", "option")
TARGET = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
OTHER = "llvm -mcpu=skylake -mtriple=x86_64-linux-gnu"


def workload(name: str = "dense") -> Workload:
    return Workload("autotvm", f'["{name}",[8,8,"float32"]]')


def take(library: ConfigLibrary, target: str | None = TARGET) -> TakenJob:
    """A new job that this process has."""
    opened = jobs.begin(library._view, jobs.job_spec("tune", target, "box", tvm=TVM))
    claim = opened.claim()
    assert claim is not None
    return TakenJob(opened, claim, resumed=False)


@pytest.fixture
def journal(library: ConfigLibrary) -> Journal:
    return Journal(library._view, TVM, taken=take(library))


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def test_what_is_appended_is_logged_measured_and_committed(
    library: ConfigLibrary, journal: Journal, make_log: MakeLog
) -> None:
    dense = journal.place("autotvm", parse_target(TARGET), workload())
    other = journal.place("autotvm", parse_target(TARGET), workload("conv"))
    assert (journal.logged(), journal.is_tuned(dense, 1)) == ([], False)
    journal.append(lines(make_log("dense", [3e-3, 1e-3])))
    assert [record.cost for record in journal.measured(dense)] == [3e-3, 1e-3]
    assert journal.measured(other) == []
    assert (journal.is_tuned(dense, 2), journal.is_tuned(dense, 3), journal.is_tuned(other, 1)) == (True, False, False)
    journal.release()
    result = journal.finish()
    assert (result.job, result.counts.read) == (journal.id, 2)
    assert [config.cost for config in library.best()] == [1e-3]


def test_what_other_jobs_measured_counts_and_need_not_be_measured_again(
    library: ConfigLibrary, make_log: MakeLog
) -> None:
    library.import_logs(make_log("dense", [3e-3, 1e-3]), platform="box", tvm=TVM)
    journal = Journal(library._view, TVM, taken=take(library))
    dense = journal.place("autotvm", parse_target(TARGET), workload())
    assert journal.is_tuned(dense, 2)
    assert sorted(record.cost for record in journal.answers(dense)) == [1e-3, 3e-3]
    assert journal.measured(dense) == []


def test_a_job_without_measurements_is_dropped(library: ConfigLibrary, journal: Journal) -> None:
    journal.release()
    result = journal.finish()
    assert (result.job, library.open_jobs(), library.log()) == (None, [], [])


def test_the_first_place_begins_a_job_that_waits_for_its_target(library: ConfigLibrary) -> None:
    begun: list[str] = []

    def begin(given: GivenTarget) -> TakenJob:
        begun.append(given.text)
        return take(library, given.text)

    journal = Journal(library._view, TVM, take=begin)
    assert not journal.is_begun
    with pytest.raises(JobError, match="no target was given"):
        _ = journal.opened
    for name in ("dense", "conv"):
        journal.place("autotvm", parse_target(TARGET), workload(name))
    assert begun == [TARGET]
    assert journal.is_begun
    with pytest.raises(JobError, match="skylake"):
        journal.place("autotvm", parse_target(OTHER), workload())
    with pytest.raises(TargetError):
        journal.place("autotvm", parse_target("llvm"), workload())


def test_notes_of_a_place_are_on_the_disk(library: ConfigLibrary, journal: Journal, make_log: MakeLog) -> None:
    dense = journal.place("autotvm", parse_target(TARGET), workload())
    assert journal.baseline(dense) is None
    journal.note_baseline(dense, 9e-3)
    journal.append(lines(make_log("dense", [1e-3])))
    journal.mark_exhausted(dense)
    journal.release()
    again = library.open_job(journal.id).claim()
    assert again is not None
    resumed = Journal(library._view, TVM, taken=TakenJob(library.open_job(journal.id), again, resumed=True))
    assert resumed.place("autotvm", parse_target(TARGET), workload()) == dense
    assert (resumed.baseline(dense), resumed.is_tuned(dense, 1000), resumed.resumed) == (9e-3, True, True)
    resumed.release()
    resumed.finish()
    (config,) = library.best()
    assert (config.baseline, config.cost) == (9e-3, 1e-3)
    later = Journal(library._view, TVM, taken=take(library))
    assert later.baseline(later.place("autotvm", parse_target(TARGET), workload())) == 9e-3


def test_what_a_model_learns_from_may_be_of_other_targets(library: ConfigLibrary, make_log: MakeLog) -> None:
    library.import_logs(make_log("dense", [1e-3], target=OTHER), platform="box", tvm=TVM)
    journal = Journal(library._view, TVM, taken=take(library))
    dense = journal.place("autotvm", parse_target(TARGET), workload())
    assert journal.learnable(dense) == []
    assert [record.cost for record in journal.learnable(dense, other_targets=True)] == [1e-3]
    assert not journal.is_tuned(dense, 1)


def test_another_process_finds_the_job_taken(library: ConfigLibrary, journal: Journal) -> None:
    assert library.open_job(journal.id).claim() is None
    journal.release()
    claim: Any = library.open_job(journal.id).claim()
    assert claim is not None
    claim.release()
