"""Jobs in progress on disk: what a live tuner notes there, and who has one."""

from __future__ import annotations

from pathlib import Path

from tvmgitlib import ConfigLibrary
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.workload import Workload

TARGET = parse_target("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu").target


def test_an_exhausted_space_is_noted_once_and_survives_a_kill(library: ConfigLibrary) -> None:
    job = library.begin_job()
    for workload in ("one", "two", "one"):
        job.mark_exhausted("autotvm", TARGET, Workload("autotvm", workload))
    (path,) = job.folder.glob("exhausted*")
    with path.open("a") as file:
        file.write('["autotvm", ')
    expected = {("autotvm", TARGET.key, "one"), ("autotvm", TARGET.key, "two")}
    assert library.open_job(job.id).exhausted() == expected
    job.mark_exhausted("autotvm", TARGET, Workload("autotvm", "three"))
    assert job.exhausted() == {*expected, ("autotvm", TARGET.key, "three")}


def test_an_exhausted_space_is_effort_of_the_committed_job(library: ConfigLibrary, logs: Path) -> None:
    log = sorted((logs / "autotvm").iterdir())[0]
    job = library.begin_job(platform="board")
    job.log.write_bytes(log.read_bytes())
    library.finish_job(job.id)
    task = library.show_job(job.id).tasks[0].task

    again = library.begin_job(platform="board")
    again.log.write_bytes(log.read_bytes())
    again.mark_exhausted(task.section.family, task.section.target, task.workload)
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
