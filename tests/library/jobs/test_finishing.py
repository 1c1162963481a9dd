from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.format import write_segment
from tvmgitlib.library.changes import JobResult
from tvmgitlib.model import Header, Segment

Git = Callable[..., str]

LOGS = Path(__file__).parents[2] / "data" / "tvm-logs"
LINES = (LOGS / "autotvm" / "t0_tvmgitlib_matmul_random.log").read_bytes().splitlines(keepends=True)
DATABASE = LOGS / "metaschedule" / "h100_matmul_256"
RECORDS, WORKLOADS = "database_tuning_record.json", "database_workload.json"


def trials(library: ConfigLibrary) -> int:
    return sum(effort.trials for effort in library.trials())


def sums_up(result: JobResult) -> bool:
    counts = result.counts
    return counts.read == counts.failed + counts.duplicates + counts.kept + counts.dropped


@pytest.mark.parametrize("task", ["t0", "t1", "t2"])
def test_four_tuners_logs_are_four_jobs_of_one_workload(library: ConfigLibrary, logs: Path, task: str) -> None:
    paths = sorted((logs / "autotvm").glob(f"{task}_*.log"))
    results = [library.import_logs(path, platform="board") for path in paths]
    assert all(map(sums_up, results))
    assert len({result.job for result in results}) == len(library.log()) == 4
    (effort,) = library.trials()
    assert (effort.trials, len(effort.jobs)) == (128, 4)
    (best,) = library.best()
    logged = [json.loads(line)["result"] for path in paths for line in path.read_bytes().splitlines()]
    assert best.cost == pytest.approx(min(sum(costs) / len(costs) for costs, error, *_ in logged if not error))


# A log that grew


def test_of_a_log_that_grew_only_the_tail_counts(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    for already, now in ((0, 10), (10, 20), (20, 32)):
        log.write_bytes(b"".join(LINES[:now]))
        result = library.import_logs(log, platform="board")
        assert (result.counts.read, result.known) == (now - already, {})
        assert trials(library) == now
        assert library.import_logs(log, platform="board").job == result.job
    assert len(library.log()) == 3
    assert library.check() == []


def test_a_log_grows_from_where_its_torn_last_line_began(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"".join(LINES[:10]) + LINES[10][:50])
    assert library.import_logs(log, platform="board", drop_torn=True).counts.read == 10
    log.write_bytes(b"".join(LINES))
    assert library.import_logs(log, platform="board").counts.read == 22
    assert trials(library) == 32


def test_a_log_grows_also_when_it_ended_without_a_line_end(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"".join(LINES[:10]).rstrip(b"\n"))
    library.import_logs(log, platform="board")
    log.write_bytes(b"".join(LINES[:15]))
    assert library.import_logs(log, platform="board").counts.read == 5


def test_a_log_that_grew_by_no_record_has_nothing_new(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(LINES[0])
    library.import_logs(log, platform="board")
    log.write_bytes(LINES[0] + b"# done\n")
    result = library.import_logs(log, platform="board")
    assert (result.commit, result.counts.read) == (None, 0)


def test_a_log_that_was_written_anew_is_read_from_its_beginning(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"".join(LINES[:10]))
    library.import_logs(log, platform="board")
    log.write_bytes(b"".join(LINES[1:20]))
    result = library.import_logs(log, platform="board")
    assert result.counts.read == 19
    assert list(result.known.values()) == [9]
    assert trials(library) == 20


def test_a_log_that_grew_counts_whole_where_the_user_says_something_else_of_it(
    library: ConfigLibrary, tmp_path: Path
) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"".join(LINES[:10]))
    library.import_logs(log, platform="wrong")
    log.write_bytes(b"".join(LINES[:15]))
    assert library.import_logs(log, platform="right").counts.read == 15
    assert {effort.platform: effort.trials for effort in library.trials()} == {"right": 15, "wrong": 10}


def test_a_database_that_grew_counts_its_tail_only(library: ConfigLibrary, tmp_path: Path) -> None:
    lines = (DATABASE / RECORDS).read_bytes().splitlines(keepends=True)
    (tmp_path / WORKLOADS).write_bytes((DATABASE / WORKLOADS).read_bytes())
    for already, now in ((0, 20), (20, 40), (40, 64)):
        (tmp_path / RECORDS).write_bytes(b"".join(lines[:now]))
        assert library.import_logs(tmp_path, platform="h100").counts.read == now - already
    assert trials(library) == 64


def test_a_database_that_grew_by_a_workload_counts_its_tail_only(library: ConfigLibrary, tmp_path: Path) -> None:
    v27 = LOGS / "metaschedule" / "v27_mm128"
    for name in (RECORDS, WORKLOADS):
        (tmp_path / name).write_bytes((DATABASE / name).read_bytes())
    library.import_logs(tmp_path, platform="h100")
    with (tmp_path / WORKLOADS).open("ab") as file:
        file.write((v27 / WORKLOADS).read_bytes())
    more = (v27 / RECORDS).read_bytes().replace(b"[0,", b"[1,", 1).splitlines(keepends=True)[0]
    with (tmp_path / RECORDS).open("ab") as file:
        file.write(more)
    result = library.import_logs(tmp_path, platform="h100")
    assert (result.counts.read, result.counts.workloads) == (1, 1)


def test_the_same_records_beside_other_workloads_are_no_growth(library: ConfigLibrary, tmp_path: Path) -> None:
    v25, v27 = (LOGS / "metaschedule" / name for name in ("v25_mm128", "v27_mm128"))
    for name in (RECORDS, WORKLOADS):
        (tmp_path / name).write_bytes((v27 / name).read_bytes())
    library.import_logs(tmp_path, platform="board")
    (tmp_path / WORKLOADS).write_bytes((v25 / WORKLOADS).read_bytes())
    with (tmp_path / RECORDS).open("ab") as file:
        file.write((v25 / RECORDS).read_bytes().splitlines(keepends=True)[0])
    assert library.import_logs(tmp_path, platform="board").counts.read == 33


# What is known


def test_an_overlap_is_told_and_its_effort_counted_once(library: ConfigLibrary, tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_bytes(b"".join(LINES[:20]))
    two.write_bytes(b"".join(LINES[10:]))
    first = library.import_logs(one, platform="board")
    second = library.import_logs(two, platform="board")
    assert second.known == {first.job: 10}
    assert trials(library) == 32


def test_a_part_of_what_is_known_is_nothing_new(library: ConfigLibrary, tmp_path: Path) -> None:
    part = tmp_path / "part.log"
    part.write_bytes(b"".join(LINES[5:15]))
    library.import_logs(LOGS / "autotvm" / "t0_tvmgitlib_matmul_random.log", platform="board")
    result = library.import_logs(part, platform="board")
    assert (result.job, result.commit, result.counts.read, result.counts.duplicates) == (None, None, 10, 10)
    assert sums_up(result)
    assert len(library.log()) == 1


def test_the_same_log_of_another_tvm_is_new_though_its_measurements_are_known(
    library: ConfigLibrary, logs: Path
) -> None:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    first = library.import_logs(log, platform="board")
    second = library.import_logs(log, platform="board", tvm="hhb-tvm==0.16.dev0")
    assert second.commit is not None
    assert list(second.known) == [first.job]
    assert trials(library) == 32


def test_one_claim_of_a_log_being_known_does_not_hide_another(library: ConfigLibrary, tmp_path: Path) -> None:
    old, both = tmp_path / "old.log", tmp_path / "both.log"
    newer = LINES[1].replace(b"0.16.dev0", b"0.17.0")
    old.write_bytes(LINES[0])
    both.write_bytes(newer + LINES[0])
    library.import_logs(old, platform="board")
    assert library.import_logs(both, platform="board").commit is not None
    assert {str(best.tuned_with) for best in library.best()} == {"TVM 0.16.dev0", "TVM 0.17.0"}


def test_a_library_that_keeps_more_takes_the_same_log_again(library: ConfigLibrary, logs: Path) -> None:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_random.log"
    assert library.import_logs(log, platform="board").counts.kept == 8
    library.configure("keep", 12)
    again = library.import_logs(log, platform="board")
    assert (again.counts.kept, len(again.known)) == (12, 1)
    assert trials(library) == 32
    assert library.import_logs(log, platform="board").already


def test_a_detected_platform_is_told_and_makes_another_job(library: ConfigLibrary, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(LINES[0].replace(b"llvm -keys=cpu -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu", b"llvm"))
    here = library.import_logs(log, platform="this")
    assert here.detected == here.platforms
    assert len(here.detected) == 1
    assert library.import_logs(log, platform="this").job == here.job
    other = ConfigLibrary.init(tmp_path / "other")
    assert other.import_logs(log, platform=here.detected[0]).job != here.job


def revert(library: ConfigLibrary, git: Git, job: str | None) -> str:
    """Commit a revert of a job, as another clone could have."""
    segment = Segment(Header("ff" * 8, "revert", reverts=(str(job),)))
    path = library.path / segment.path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(write_segment(segment)))
    git(library.path, "add", "jobs")
    git(library.path, "commit", "-qm", "Revert")
    library.rebuild()
    return segment.header.id


def test_an_import_of_a_reverted_job_says_so(cli: Any, logs: Path, git: Git) -> None:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    job = cli.json("import", log, "--platform", "board")["job"]
    by = revert(ConfigLibrary(cli.library), git, job)
    again = cli.json("import", log, "--platform", "board")
    assert (again["already"], again["reverted"]) == (True, by)
    assert f"Job {job} is reverted by job {by}" in cli.err


def test_a_log_that_grew_counts_whole_where_what_was_imported_of_it_is_reverted(
    library: ConfigLibrary, git: Git, tmp_path: Path
) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"".join(LINES[:10]))
    first = library.import_logs(log, platform="board")
    log.write_bytes(b"".join(LINES[:20]))
    library.import_logs(log, platform="board")
    revert(library, git, first.job)
    log.write_bytes(b"".join(LINES))
    assert library.import_logs(log, platform="board").counts.read == 32


# Live jobs


def test_a_job_with_a_torn_last_line_is_finished_without_it_and_says_so(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes(LINES[0] + LINES[1][:99])
    result = library.finish_job()
    assert result.counts.read == 1
    assert result.left_out == (f"{job.log}, line 2: cut off",)
    assert library.open_jobs() == []


def test_a_job_takes_a_log_and_a_database(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes(LINES[0])
    for name in (RECORDS, WORKLOADS):
        (job.work_dir / name).write_bytes((DATABASE / name).read_bytes())
    result = library.finish_job()
    assert (result.counts.read, result.counts.workloads) == (65, 2)
    assert {best.family for best in library.best()} == {"autotvm", "metaschedule"}


@pytest.mark.parametrize("content", [b"", b"# started\n"], ids=["nothing", "no record"])
def test_a_job_that_logged_no_record_stays_in_progress(cli: Any, content: bytes) -> None:
    job = cli.json("job", "start", "--platform", "board")
    Path(job["log"]).write_bytes(content)
    cli("job", "finish")
    assert cli.code == 4
    assert job["log"] in cli.err
    assert [opened["job"] for opened in cli.lines("job", "list")] == [job["job"]]


def test_a_job_with_a_malformed_line_stays_in_progress(cli: Any) -> None:
    job = cli.json("job", "start", "--platform", "board")
    Path(job["log"]).write_bytes(LINES[0] + b"{}\n" + LINES[1])
    cli("job", "finish")
    assert cli.code == 4
    assert f"{job['log']}, line 2: not a tuning record" in cli.err
    Path(job["log"]).write_bytes(LINES[0] + LINES[1])
    assert cli.json("job", "finish")["read"] == 2


def test_a_job_refuses_a_record_of_another_target(cli: Any) -> None:
    job = cli.json("job", "start", "--target", "cuda -arch=sm_90", "--platform", "h100")
    Path(job["log"]).write_bytes(LINES[0])
    cli("job", "finish")
    assert cli.code == 4
    assert f"{job['log']}, line 1: a record for llvm" in cli.err


@pytest.mark.parametrize("name", ["matmul_riscv_all_errors.log", "matmul_x86_all_rpc_errors.log"])
def test_a_log_of_failures_is_effort_without_a_config_loudly(cli: Any, logs: Path, name: str) -> None:
    result = cli.json("import", logs / "autotvm" / name, "--platform", "board")
    assert (result["read"], result["failed"], result["kept"], result["improved"]) == (24, 24, 0, 0)
    assert len(result["all_failed"]) == 1
    assert "warning: no trial succeeded, so there is no config" in cli.err
    assert cli("best").code == 1
    assert [(effort["trials"], effort["failed"]) for effort in cli.lines("trials")] == [(24, 24)]
    assert cli("check").code == 0


def test_builds_that_timed_out_are_failures(library: ConfigLibrary, logs: Path) -> None:
    result = library.import_logs(logs / "metaschedule" / "h100_matmul_256_timeouts", platform="h100")
    assert (result.counts.read, result.counts.failed, result.all_failed) == (64, 52, ())
    (effort,) = library.trials()
    assert (effort.trials, effort.failed, effort.errors) == (64, 52, {"unknown": 52})
