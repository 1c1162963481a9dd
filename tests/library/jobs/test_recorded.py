from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.recorded import effort_of, exact_records, read_job, stored_records
from tvmgitlib.model import Effort, Place, RecordError, TvmVersion, Workload, parse_target

MakeLog = Callable[..., Path]
GetEffort = Callable[..., "Effort | None"]

TVM = "hhb-tvm==0.16.dev0"
HASWELL = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
SKYLAKE = "llvm -mcpu=skylake -mtriple=x86_64-linux-gnu"


def place(name: str = "dense", target: str = HASWELL, platform: str = "box") -> Place:
    workload = Workload("autotvm", json.dumps([name, [8, 8, "float32"]], separators=(",", ":")))
    return Place("autotvm", parse_target(target).target, platform, workload)


def tune(library: ConfigLibrary, log: Path, **told: Any) -> str:
    """A committed job of a tuner."""
    job = library.begin_job(**{"platform": "box", "tvm": TVM} | told)
    shutil.copy(log, job.log)
    library.finish_job(job.id)
    return job.id


@pytest.fixture
def effort(library: ConfigLibrary) -> GetEffort:
    """The effort on record: `effort(place("dense"), tuner="xgb")`; with `job=`, as that job in progress sees it."""

    def ask(asked: Place | None = None, tvm: str = TVM, job: Any = None, **told: Any) -> Effort | None:
        logged = list(read_job(job)) if job else []
        with library._view.reading() as contents:
            return effort_of(contents, logged, asked or place(), TvmVersion.parse(tvm), **told)

    return ask


def trials(effort: Effort | None) -> int | None:
    return effort.trials if effort else None


# Effort


def test_without_any_there_is_none(library: ConfigLibrary, make_log: MakeLog, effort: GetEffort) -> None:
    assert effort() is None
    tune(library, make_log("conv", [1e-3]))
    assert effort() is None


def test_it_is_the_union_of_jobs_and_of_the_one_in_progress(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort, tmp_path: Path
) -> None:
    first, second, third = (make_log("dense", [1e-3, 2e-3, 3e-3]) for _ in range(3))
    both = tmp_path / "both.log"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    tune(library, first)
    library.import_logs(both, platform="box", tvm=TVM)  # the first three again
    job = library.begin_job(platform="box", tvm=TVM)
    assert trials(effort(job=job)) == 6
    job.log.write_bytes(second.read_bytes() + third.read_bytes())  # three of them again
    found = effort(job=job)
    assert found is not None
    assert (found.trials, found.configs) == (9, 3)
    assert trials(effort()) == 6


def test_a_config_that_two_jobs_measured_counts_once_towards_skipping(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort, cli: Any
) -> None:
    costs = [1e-3] * 12
    tune(library, make_log("dense", costs))
    tune(library, make_log("dense", costs))
    found = effort()
    assert found is not None
    assert (found.trials, found.configs, found.lasting) == (24, 12, 12)
    job = library.begin_job(platform="box", tvm=TVM)
    shutil.copy(make_log("dense", costs), job.log)
    third = effort(job=job)
    assert third is not None and (third.trials, third.lasting) == (36, 12)

    job.log.write_bytes(make_log("conv", costs).read_bytes() + make_log("conv", costs).read_bytes())
    alone = effort(place("conv"), job=job)  # one tuner, which measures again on purpose
    assert alone is not None and (alone.trials, alone.configs, alone.lasting) == (24, 12, 24)

    (shown,) = cli.lines("trials")
    assert (shown["trials"], shown["configs"], shown["repeated"]) == (24, 12, 12)
    assert "  24       12       0        12     2  dense" in cli("trials").out


def test_failures_are_effort_too(library: ConfigLibrary, logs: Path, effort: GetEffort) -> None:
    log = logs / "autotvm" / "matmul_x86_all_rpc_errors.log"
    job = library.begin_job(platform="box", tvm=TVM)
    shutil.copy(log, job.log)
    (record, *_) = read_job(job)
    asked = Place("autotvm", record.target.target, "box", record.workload)
    found = effort(asked, job=job)
    assert found is not None
    assert (found.trials, found.failed) == (len(log.read_text().splitlines()),) * 2


@pytest.mark.parametrize(
    "asked",
    [place("conv"), place(target=SKYLAKE), place(platform="other")],
    ids=["workload", "target", "platform"],
)
def test_that_of_another_place_does_not_count(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort, asked: Place
) -> None:
    tune(library, make_log("dense", [1e-3]))
    assert trials(effort()) == 1
    assert effort(asked) is None


@pytest.mark.parametrize(
    ("tuned_with", "asked", "counts"),
    [
        (TVM, "hhb-tvm==0.16.3", True),
        (TVM, "hhb-tvm==0.17.0", False),
        (TVM, "apache-tvm==0.16.0", False),
        (None, "apache-tvm==0.16.0", True),  # the log says 0.16.dev0 and names no distribution
        (None, "apache-tvm==0.15.0", False),
    ],
)
def test_that_of_another_tvm_does_not_count(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort, tuned_with: str | None, asked: str, counts: bool
) -> None:
    tune(library, make_log("dense", [1e-3]), tvm=tuned_with)
    assert trials(effort(tvm=asked)) == (1 if counts else None)


def test_it_can_be_that_of_one_tuner(library: ConfigLibrary, make_log: MakeLog, effort: GetEffort) -> None:
    tune(library, make_log("dense", [1e-3, 2e-3]), tuner="xgb")
    tune(library, make_log("dense", [1e-3]), tuner="random")
    library.import_logs(make_log("dense", [1e-3]), platform="box", tvm=TVM)
    assert [trials(effort(tuner=tuner)) for tuner in ("xgb", "random", "ga", None)] == [2, 1, None, 4]


def test_a_space_that_was_measured_to_its_end_is_remembered(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort
) -> None:
    tune(library, make_log("dense", [1e-3]))
    found = effort()
    assert found is not None
    assert found.exhausted is None

    job = library.begin_job(platform="box", tvm=TVM)
    shutil.copy(make_log("dense", [1e-3, 2e-3]), job.log)
    job.mark_exhausted(place().task)
    assert job.exhausted() == {place().task}
    found = effort(job=job, exhausted=place().task in job.exhausted())
    assert found is not None
    assert (found.trials, found.exhausted) == (3, True)
    library.finish_job()
    assert effort() == found


def test_a_reverted_job_is_no_effort(library: ConfigLibrary, make_log: MakeLog, effort: GetEffort) -> None:
    library.revert(tune(library, make_log("dense", [1e-3])))
    assert effort() is None


@pytest.mark.parametrize(
    ("recorded", "asked", "counts"),
    [
        ("cuda", f"cuda -host='{HASWELL}'", True),
        ("cuda", "cuda -arch=sm_80", True),
        ("cuda -arch=sm_70", "cuda -arch=sm_80", False),
    ],
)
def test_what_a_lookup_would_take_counts(
    library: ConfigLibrary, make_log: MakeLog, effort: GetEffort, recorded: str, asked: str, counts: bool
) -> None:
    tune(library, make_log("dense", [1e-3], target=recorded))
    assert trials(effort(place(target=asked))) == (1 if counts else None)


# The logs of a job in progress


def test_a_cut_off_line_is_left_out_and_a_malformed_one_refused(library: ConfigLibrary, make_log: MakeLog) -> None:
    job = library.begin_job(platform="box")
    assert list(read_job(job)) == []
    shutil.copy(make_log("dense", [1e-3, 2e-3]), job.log)
    with job.log.open("a") as file:
        file.write('{"input": ["llvm')
    assert [record.cost for record in read_job(job)] == [1e-3, 2e-3]
    with job.log.open("a") as file:
        file.write("\n")
    with pytest.raises(RecordError, match=r"tuning\.log, line 3"):
        list(read_job(job))


def test_a_log_and_a_database_are_read_together(library: ConfigLibrary, make_log: MakeLog, logs: Path) -> None:
    job = library.begin_job(platform="box")
    for file in job.log_files[1:]:
        file.touch()  # MetaSchedule has started, and measured nothing yet
    shutil.copy(make_log("dense", [1e-3]), job.log)
    assert {record.family for record in read_job(job)} == {"autotvm"}
    shutil.copytree(logs / "metaschedule" / "v27_mm128", job.work_dir, dirs_exist_ok=True)
    assert {record.family for record in read_job(job)} == {"autotvm", "metaschedule"}


# Records


def test_records_are_those_of_the_place_or_of_the_workload_everywhere(
    library: ConfigLibrary, make_log: MakeLog
) -> None:
    tune(library, make_log("dense", [1e-3, 2e-3]))
    tune(library, make_log("dense", [3e-3], target=SKYLAKE))
    tune(library, make_log("dense", [4e-3]), platform="other")
    tune(library, make_log("conv", [5e-3]))
    library.revert(tune(library, make_log("dense", [6e-3])))
    with library._view.reading() as contents:
        here = {stored.record.cost for stored in stored_records(contents, place())}
        everywhere = {stored.record.cost for stored in stored_records(contents, place(), other_targets=True)}
    assert here == {1e-3, 2e-3}
    assert everywhere == {1e-3, 2e-3, 3e-3, 4e-3}


def test_exact_records_are_those_that_the_policy_lets_through(library: ConfigLibrary, make_log: MakeLog) -> None:
    tune(library, make_log("dense", [1e-3]))
    tune(library, make_log("dense", [2e-3]), tvm="hhb-tvm==0.15.0")

    def costs() -> set[float]:
        with library._view.reading() as contents:
            return {record.cost for record in exact_records(contents, place(), TvmVersion.parse(TVM))}

    assert costs() == {1e-3}
    library.configure("policy.tvm", "any")
    assert costs() == {1e-3, 2e-3}
