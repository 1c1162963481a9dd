"""A job in progress is there as a whole or not at all, and no other job suffers from a damaged one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.open_jobs import OpenJobs, RemeasuredNote
from tvmgitlib.model import JobError, JobSpec, Place, TvmVersion, Workload, parse_target

TARGET = parse_target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu").target
DENSE = Workload("autotvm", '["dense",[8,8,"float32"]]')
TVM = TvmVersion("hhb-tvm", "0.16.dev0", "user")


@pytest.fixture
def jobs(tmp_path: Path) -> OpenJobs:
    return OpenJobs(tmp_path)


def start(jobs: OpenJobs, **told):
    return jobs.start("Tess Ter <tess@example.com>", JobSpec(**told))


def test_a_job_is_read_back_as_it_was_told(jobs: OpenJobs) -> None:
    told = {
        "target": "llvm -mcpu=ü",
        "platform": "board",
        "facts": {"cooling": "fan", "cpu": {"cores": 4}},
        "tvm": TVM,
        "tuner": "xgb",
        "options": {"trials": 64},
        "keep_history": True,
    }
    started = start(jobs, **told)
    assert jobs.get(started.id) == started
    assert started.spec == JobSpec(**told)
    assert started.log.is_file()
    assert started.work_dir.is_dir()
    assert started.logs() == []


def test_jobs_are_listed_oldest_first(jobs: OpenJobs) -> None:
    started = [start(jobs) for _ in range(5)]
    assert [job.id for job in jobs.all()] == [job.id for job in sorted(started, key=lambda job: (job.started, job.id))]


def test_without_any_there_is_none(jobs: OpenJobs) -> None:
    assert jobs.all() == []
    with pytest.raises(JobError, match="no job is in progress"):
        jobs.only()
    with pytest.raises(JobError, match="no job 0123456789abcdef is in progress"):
        jobs.get("0123456789abcdef")


def test_a_beginning_names_a_job_if_it_fits_one_only(jobs: OpenJobs) -> None:
    first = start(jobs)
    assert jobs.get(first.id[:6]) == first
    assert jobs.only() == first
    while len({job.id[0] for job in jobs.all()}) == len(jobs.all()):
        start(jobs)
    ids = [job.id for job in jobs.all()]
    double = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(JobError, match="several jobs in progress begin"):
        jobs.get(double)
    with pytest.raises(JobError, match="jobs are in progress: "):
        jobs.only()


@pytest.mark.parametrize("name", ["", ".", "..", "../..", "/", "zz", "*", "0123456789abcdef/../..", "\n", "-h"])
def test_what_is_no_id_names_no_job_and_no_other_folder(jobs: OpenJobs, name: str) -> None:
    start(jobs)
    with pytest.raises(JobError, match="no job in progress begins"):
        jobs.get(name)


def test_a_removed_job_is_gone_and_so_is_what_a_killed_removal_left(jobs: OpenJobs, tmp_path: Path) -> None:
    first, second = start(jobs), start(jobs)
    half = first.folder.rename(first.folder.with_name(f".gone.{first.id}.00000000"))
    assert [job.id for job in jobs.all()] == [second.id]
    jobs.remove(second)
    assert jobs.all() == []
    assert not half.exists()
    jobs.remove(second)
    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"tvm": null}', b'{"tvm": {"x": 1}}', b"\xff"])
def test_a_damaged_job_is_named_with_the_way_out(jobs: OpenJobs, content: bytes) -> None:
    started = start(jobs)
    (started.folder / "job.json").write_bytes(content)
    with pytest.raises(JobError, match=r"job\.json: what the job was told cannot be read") as caught:
        jobs.get(started.id)
    assert "tvmgitlib import" in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("started", 5), ("after", [1]), ("target", 3), ("options", []), ("id", 1)])
def test_a_job_that_was_told_what_is_none_is_named_too(jobs: OpenJobs, name: str, value: Any) -> None:
    started, other = start(jobs), start(jobs)
    told = started.folder / "job.json"
    told.write_text(json.dumps({**json.loads(told.read_text()), "continues": other.id, name: value}))
    with pytest.raises(JobError, match=r"job\.json: what the job was told cannot be read"):
        jobs.all()


@pytest.mark.parametrize(
    "line", [b"\0\0", b"\xff", b"{", b"5", b"[]", b"{}", b"[[1], 2]", b'["a", 1, 2, "b"]', b"[" * 9999]
)
@pytest.mark.parametrize("name", ["exhausted", "baselines", "tuners", "described", "remeasured"])
def test_a_damaged_note_is_named_with_the_way_out(jobs: OpenJobs, name: str, line: bytes) -> None:
    job = start(jobs)
    job.note_tuner("xgb", {})
    job.mark_exhausted(("autotvm", "llvm", "x", ""))
    job.note_baseline(("autotvm", "llvm", "x", ""), 1.0)
    job.describe(Workload("ansor", "x", desc="mm"))
    job.note_remeasured(
        RemeasuredNote(["a", "b", "c"], "0" * 16, "0" * 64, None, "slow", invalidates=[["0" * 16, "1"]])
    )
    reads = {"remeasured": job.refused}.get(name) or getattr(job, name)
    right = reads()
    path = job.folder / f"{name}.jsonl"
    with path.open("ab") as file:
        file.write(line)  # cut off
    assert reads() == right and len(right) == 1
    with path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(JobError, match=rf"{name}\.jsonl, line 2: what the job has noted cannot be read"):
        reads()


def test_logs_are_those_with_something_in_them(jobs: OpenJobs) -> None:
    job = start(jobs)
    (job.work_dir / "database_workload.json").write_text("x")
    assert job.logs() == []
    (job.work_dir / "database_tuning_record.json").write_text("x")
    assert job.logs() == [job.work_dir]
    job.log.write_text("x")
    assert job.logs() == [job.log, job.work_dir]


_CHURN = """
import sys
from pathlib import Path
from tvmgitlib.library.jobs.open_jobs import OpenJobs
from tvmgitlib.model.job import JobSpec
jobs = OpenJobs(Path(sys.argv[1]))
for _ in range(30):
    jobs.remove(jobs.start("Tess Ter <tess@example.com>", JobSpec()))
    jobs.all()
"""


def test_processes_that_start_and_remove_jobs_do_not_disturb_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CHURN, str(tmp_path)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        _, said = worker.communicate()
        assert worker.returncode == 0, said
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_job_that_was_committed_before_a_kill_is_only_forgotten(library, logs: Path, git, tmp_path: Path) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes((logs / "autotvm/t0_tvmgitlib_matmul_ga.log").read_bytes())
    shutil.copytree(job.folder, tmp_path / "copy")
    assert library.finish_job(job.id).commit is not None
    shutil.rmtree(job.folder)
    (tmp_path / "copy").rename(job.folder)
    again = library.finish_job(job.id)
    assert again.already
    assert again.commit is None
    assert library.open_jobs() == []
    assert git(library.path, "rev-list", "--count", "HEAD").strip() == "2"


def test_an_exhausted_space_is_noted_once_and_survives_a_kill(library: ConfigLibrary) -> None:
    job = library.begin_job()
    for workload in ("one", "two", "one"):
        job.mark_exhausted(("autotvm", TARGET.key, workload, ""))
    (path,) = job.folder.glob("exhausted*")
    with path.open("a") as file:
        file.write('["autotvm", ')
    expected = {("autotvm", TARGET.key, "one", ""), ("autotvm", TARGET.key, "two", "")}
    assert library.open_job(job.id).exhausted() == expected
    job.mark_exhausted(("autotvm", TARGET.key, "three", ""))
    assert job.exhausted() == {*expected, ("autotvm", TARGET.key, "three", "")}


def test_notes_of_an_older_version_name_no_limits(library: ConfigLibrary) -> None:
    job = library.begin_job()
    job.mark_exhausted(("autotvm", TARGET.key, "one", ""))
    job.note_baseline(("autotvm", TARGET.key, "one", ""), 1e-3)
    for file in (*job.folder.glob("exhausted*"), *job.folder.glob("baselines*")):
        file.write_text(file.read_text().replace('"one", ""', '"one"'))
    assert job.exhausted() == {("autotvm", TARGET.key, "one", "")}
    assert job.baselines() == {("autotvm", TARGET.key, "one", ""): 1e-3}


def test_the_limits_of_a_device_are_told_apart_in_one_job(library: ConfigLibrary, make_log: Any) -> None:
    targets = [f"opencl -device=mali -max_num_threads={value}" for value in (1024, 256)]
    job = library.begin_job(platform="box")
    job.log.write_text("".join(make_log("dense", [1e-3], target=target).read_text() for target in targets))
    wide, narrow = (Place("autotvm", parse_target(each).target, "box", DENSE).task for each in targets)
    job.mark_exhausted(wide)
    job.note_baseline(wide, 2e-3)
    job.note_baseline(narrow, 5e-3)
    library.finish_job()
    tasks = [entry.task for entry in library.show_job(job.id).tasks]
    limits = [dict(task.section.target.limits)["max_num_threads"] for task in tasks]
    told = {limit: (task.effort.exhausted, task.baseline) for limit, task in zip(limits, tasks, strict=True)}
    assert told == {1024: (True, 2e-3), 256: (None, 5e-3)}
    assert library.check() == []


def test_an_exhausted_space_is_effort_of_the_committed_job(library: ConfigLibrary, logs: Path) -> None:
    log = sorted((logs / "autotvm").iterdir())[0]
    job = library.begin_job(platform="board")
    job.log.write_bytes(log.read_bytes())
    library.finish_job(job.id)
    task = library.show_job(job.id).tasks[0].task

    again = library.begin_job(platform="board")
    again.log.write_bytes(log.read_bytes())
    again.mark_exhausted(task.identity)
    library.finish_job(again.id)
    efforts = {entry.task.workload.text: entry.task.effort for entry in library.show_job(again.id).tasks}
    assert {text for text, effort in efforts.items() if effort.exhausted} == {task.workload.text}


def test_a_job_has_one_owner(library: ConfigLibrary) -> None:
    job = library.begin_job()
    claim = job.claim()
    assert claim is not None
    assert library.open_job(job.id).claim() is None
    claim.release()
    assert library.open_job(job.id).claim() is not None


def test_a_job_that_is_live_elsewhere_is_neither_finished_nor_dropped(library: ConfigLibrary, logs: Path) -> None:
    job = library.begin_job(platform="box")
    shutil.copy(logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log", job.log)
    claim = job.claim()
    assert claim is not None
    for end in (library.finish_job, library.abort_job):
        with pytest.raises(JobError, match="live in another process"):
            end(job.id)
    claim.release()
    assert library.finish_job(job.id).job == job.id


def test_options_and_facts_may_be_of_other_classes_than_those_of_json(library: ConfigLibrary) -> None:
    """As those of numpy are; what JSON has no words for is refused."""

    class Number(float):
        pass

    class Text(str):
        pass

    job = library.begin_job(platform="box", facts={"cpu": {"name": Text("a")}}, options={"rate": Number(0.5)})
    assert library.open_job(job.id).spec.options == {"rate": 0.5}
    assert library.open_job(job.id).spec.facts == {"cpu": {"name": "a"}}
