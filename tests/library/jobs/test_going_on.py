"""Tuners that go on logging after their job was finished: nothing is lost, and it is said."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.families.metaschedule import RECORD_FILE, WORKLOAD_FILE
from tvmgitlib.library.jobs import Journal, TakenJob
from tvmgitlib.library.jobs.open_jobs import OpenJobs
from tvmgitlib.model import JobError, TvmVersion

LOGS = Path(__file__).parents[2] / "data" / "tvm-logs"
LINES = (LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log").read_bytes().splitlines(keepends=True)
DATABASE = LOGS / "metaschedule" / "v27_mm128"
TARGET = json.loads(LINES[0])["input"][0]
TVM = TvmVersion.parse("hhb-tvm==0.16.dev0")


def trials(library: ConfigLibrary) -> int:
    return sum(effort.trials for effort in library.trials())


@pytest.mark.parametrize("how", ["an open file", "by its name"])
def test_what_a_tuner_logs_afterwards_is_kept_and_said(cli: Any, how: str) -> None:
    started = cli.json("job", "start", "--platform", "board")
    log = Path(started["log"])
    with log.open("ab") as held:
        held.writelines(LINES[:5])
        held.flush()
        first = cli.json("job", "finish")
        assert (first["read"], first["continued"]) == (5, None)
        assert cli.lines("job", "list") == []
        assert "No job is in progress" in cli.err
        if how == "an open file":
            held.writelines(LINES[5:8])
        else:
            with log.open("ab") as again:
                again.writelines(LINES[5:8])
    (later,) = cli.lines("job", "list")
    assert later["continues"] == started["job"]
    assert later["job"] != started["job"]
    assert f"Job {later['job']} holds what was logged after job {started['job']} was finished." in cli.err
    result = cli.json("job", "finish", later["job"])
    assert (cli.code, result["job"], result["read"], result["known"]) == (0, later["job"], 3, {})
    assert cli.lines("job", "list") == []
    library = ConfigLibrary(cli.library)
    assert trials(library) == 8
    assert library.check() == []
    (source,) = library.show_job(later["job"]).header.sources
    assert (source.start, source.size) == (sum(map(len, LINES[:5])), sum(map(len, LINES[:8])))


def test_the_id_of_the_finished_job_names_it_too(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes(b"".join(LINES[:5]))
    library.finish_job(job.id)
    with pytest.raises(JobError, match="is in progress"):
        library.finish_job(job.id)
    for count in (8, 9):
        with job.log.open("ab") as log:
            log.writelines(LINES[count - 1 : count])
        assert library.finish_job(job.id if count == 8 else None).counts.read == 1
    assert trials(library) == 7


def test_what_is_logged_while_a_job_is_finished_is_told_at_once(
    library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch, cli: Any
) -> None:
    from tvmgitlib.library.jobs import finishing

    job = library.begin_job(platform="board")
    job.log.write_bytes(b"".join(LINES[:5]))
    commit = finishing._commit

    def slowly(*arguments: Any) -> Any:
        with job.log.open("ab") as log:
            log.writelines(LINES[5:8])
        return commit(*arguments)

    monkeypatch.setattr(finishing, "_commit", slowly)
    result = cli.json("job", "finish")
    assert result["read"] == 5
    assert f"is kept as job {result['continued']}: tvmgitlib job finish {result['continued']} commits it" in cli.err
    monkeypatch.undo()
    assert library.finish_job().counts.read == 3


def test_a_line_that_is_half_written_is_whole_in_the_end(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes(LINES[0] + LINES[1][:100])
    assert len(library.finish_job().left_out) == 1
    assert library.open_jobs() == []  # what a kill cut off is nothing to finish
    with job.log.open("ab") as log:
        log.write(LINES[1][100:])
    assert library.finish_job().counts.read == 1
    assert trials(library) == 2


def test_a_database_goes_on_too(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board", keep_history=True)
    records = (DATABASE / RECORD_FILE).read_bytes().splitlines(keepends=True)
    shutil.copy(DATABASE / WORKLOAD_FILE, job.work_dir)
    (job.work_dir / RECORD_FILE).write_bytes(b"".join(records[:4]))
    library.finish_job()
    with (job.work_dir / RECORD_FILE).open("ab") as log:
        log.writelines([*records[4:7], records[0]])
    (later,) = library.open_jobs()
    assert library.finish_job().counts.read == 4
    assert trials(library) == 8  # the first one was measured twice: a line is a measurement
    assert len(library.kept_history(later.id)) == 4
    assert len(library.kept_history(job.id)) == 4
    assert library.check() == []


def test_killed_between_the_commit_and_the_end_nothing_is_lost(library: ConfigLibrary, tmp_path: Path) -> None:
    job = library.begin_job(platform="board")
    job.log.write_bytes(b"".join(LINES[:5]))
    shutil.copytree(job.folder, tmp_path / "copy")
    library.finish_job()
    shutil.rmtree(job.folder)
    (tmp_path / "copy").rename(job.folder)
    with job.log.open("ab") as log:
        log.writelines(LINES[5:8])
    again = library.finish_job()
    assert (again.already, again.continued is not None) == (True, True)
    assert library.finish_job(again.continued).counts.read == 3


def test_a_callback_that_is_called_afterwards_says_so(library: ConfigLibrary, caplog: pytest.LogCaptureFixture) -> None:
    opened = library.begin_job(TARGET, platform="board", tvm=TVM)
    claim = opened.claim()
    assert claim is not None
    journal = Journal(library._view, TVM, TakenJob(opened, claim, resumed=False))
    journal.append([LINES[0].decode()])
    journal.release()
    journal.finish()
    for line in LINES[1:4]:
        journal.append([line.decode()])
    assert caplog.messages == [
        f"job {opened.id} is finished; what is logged from here on is kept, and tvmgitlib job finish {opened.id} "
        "commits it"
    ]
    assert library.finish_job(opened.id).counts.read == 3
    library.begin_job(platform="board")
    journal.append([LINES[4].decode()])
    library.abort_job(opened.id)
    with pytest.raises(JobError, match="its place is gone"):
        journal.append([LINES[5].decode()])


def test_a_place_that_nobody_logs_into_is_forgotten(library: ConfigLibrary) -> None:
    for count in (1, 2):
        job = library.begin_job(platform="board")
        job.log.write_bytes(b"".join(LINES[:count]))
        library.finish_job()
    first, second = sorted((folder for folder in job.folder.parent.iterdir()), key=lambda folder: folder == job.folder)
    for file in first.rglob("*"):
        os.utime(file, (0, time.time() - 48 * 3600))
    library.begin_job(platform="board")
    assert (first.exists(), second.exists()) == (False, True)


def test_jobs_of_earlier_versions_are_read(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    told = json.loads((job.folder / "job.json").read_text())
    assert {"continues", "after"}.isdisjoint(told)
    assert OpenJobs(library._view.repository.state).get(job.id) == job
