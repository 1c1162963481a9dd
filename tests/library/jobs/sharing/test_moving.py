"""A job that is open in one clone goes on in another: everything measured is there, and it is committed once."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary, OpenJob, TakenError
from tvmgitlib.library.jobs import Heartbeat
from tvmgitlib.model import JobError, Platform, Workload

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Claims = Callable[[], list[str]]
Start = Callable[..., OpenJob]


def test_a_job_of_a_clone_that_is_gone_goes_on_elsewhere_and_lands_once(
    library: ConfigLibrary,
    other: ConfigLibrary,
    make_log: MakeLog,
    start: Start,
    claims: Claims,
    remote: Path,
    git: Git,
) -> None:
    log = make_log("dense", [3e-3, 2e-3, 1e-3])
    job = start(library, log, stale=True)
    shutil.rmtree(library.path)
    moved = other.take_over_job("resnet")
    assert (moved.id, moved.author, moved.started) == (job.id, job.author, job.started)
    assert moved.log.read_bytes() == log.read_bytes()
    assert moved.spec.key == "resnet"
    with moved.log.open("ab") as file:
        file.write(make_log("conv", [1e-3]).read_bytes())
    done = other.finish_job(push=True)
    assert (done.job, done.counts.read, done.counts.workloads, claims()) == (job.id, 4, 2, [])
    assert git(remote, "rev-list", "--count", "main").strip() == "2"
    assert other.check() == []


def test_what_a_job_has_noted_moves_with_it(library: ConfigLibrary, other: ConfigLibrary, start: Start) -> None:
    job = start(library)
    workload = Workload("ansor", '["abc", 8]', desc="matmul of 8")
    job.mark_exhausted(("autotvm", "llvm", "[]", ""))
    job.note_baseline(("autotvm", "llvm", "[]", ""), 0.25)
    job.note_tuner("xgb", {"n": 3})
    job.describe(workload)
    (job.work_dir / "database_workload.json").write_text('["one"]\n["two"]\n["cut of')
    (job.work_dir / "database_tuning_record.json").write_text("[0, []]\n")
    Heartbeat(library._view.writable, job).beat("left")
    moved = other.take_over_job()
    assert moved.notes() == job.notes()
    assert moved.described() == {workload.id: "matmul of 8"}
    assert (moved.work_dir / "database_workload.json").read_text() == '["one"]\n["two"]\n'
    assert (moved.work_dir / "database_tuning_record.json").read_text() == "[0, []]\n"


def test_a_log_of_many_parts_comes_whole_and_a_renewal_brings_what_is_new(
    library: ConfigLibrary, other: ConfigLibrary, start: Start, remote: Path, claims: Claims, git: Git
) -> None:
    job = start(library)
    line = b"x" * 999 + b"\n"
    job.log.write_bytes(line * 1000 + b"a torn line" * 30_000)  # parts of 256 KiB
    library.renew_job()
    ref = f"refs/tvmgitlib/wip/{claims()[0]}"
    before = set(git(remote, "ls-tree", "-r", ref).splitlines())
    job.log.write_bytes(line * 1100)
    Heartbeat(library._view.writable, job).beat("left")
    new = set(git(remote, "ls-tree", "-r", ref).splitlines()) - before
    assert {entry.partition("\t")[2] for entry in new} == {
        "job.json",
        "logs/tuning.log/000003",
        "logs/tuning.log/000004",
    }
    assert other.take_over_job().log.read_bytes() == line * 1100


def test_a_job_that_goes_on_is_not_taken_over(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start
) -> None:
    job = start(library, make_log("dense", [1e-3]))
    with pytest.raises(TakenError, match=rf"resnet is being tuned on .*, as job {job.id}, which said so \d+ s ago"):
        other.take_over_job("resnet")
    with pytest.raises(TakenError):
        start(other)
    assert other.open_jobs() == []
    found = other.shared_jobs()
    assert [(claim.key, claim.shared.trials, claim.is_free) for claim in found] == [("resnet", 1, False)]
    assert start(other, key="another").spec.key == "another"


def test_another_platform_target_or_fact_is_another_job(library: ConfigLibrary, other: ConfigLibrary) -> None:
    target = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
    library.begin_job(target, platform="box", key="m", share=600)
    for told in ({"platform": "board"}, {"platform": "box", "facts": {"fan": 1}}, {"platform": "box", "key": "n"}):
        other.begin_job(target, **{"key": "m", "share": 600, **told})
    other.begin_job("llvm -mcpu=skylake -mtriple=x86_64-linux-gnu", platform="box", key="m", share=600)
    with pytest.raises(TakenError):  # another spelling of the same
        other.begin_job("llvm -mtriple=x86_64-linux-gnu -mcpu=haswell", platform="box", key="m", share=600)


def test_the_same_command_takes_up_what_another_machine_has_left(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start
) -> None:
    log = make_log("dense", [1e-3])
    job = start(library, log, stale=True)
    moved = start(other)
    assert (moved.id, moved.log.read_bytes(), moved.spec.share) == (job.id, log.read_bytes(), 600)
    with pytest.raises(TakenError, match="is open in this clone"):
        start(other)


def test_what_was_measured_under_other_facts_is_kept_apart(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_log("dense", [1e-3])
    with monkeypatch.context() as patched:
        there = Platform("box", {"cpu": {"name": "another"}})
        patched.setattr("tvmgitlib.library.jobs.running.detect_for", lambda _: there)
        job = start(library, log, stale=True)
    begun = start(other)
    assert begun.id != job.id
    kept = {each.id: each for each in other.open_jobs()}[job.id]
    assert (kept.spec.here, kept.log.read_bytes(), begun.log.read_bytes()) == (there, log.read_bytes(), b"")
    assert other.shared_jobs()[0].shared.job.id == begun.id
    assert other.finish_job(job.id).counts.read == 1
    assert [claim.shared.job.id for claim in other.shared_jobs()] == [begun.id]


def test_who_lost_a_job_is_told_and_lands_what_it_has_as_another(
    library: ConfigLibrary,
    other: ConfigLibrary,
    make_log: MakeLog,
    start: Start,
    claims: Claims,
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = start(library, make_log("dense", [1e-3]), stale=True)
    moved = other.take_over_job()
    with job.log.open("ab") as file:
        file.write(make_log("conv", [1e-3]).read_bytes())
    assert not Heartbeat(library._view.writable, job).beat()
    assert "another machine has taken job" in caplog.text
    with pytest.raises(TakenError, match="taken over by another machine"):
        library.renew_job()
    done = library.finish_job(push=True)
    assert done.job != job.id
    assert (done.counts.read, len(claims())) == (2, 1)
    assert other.finish_job(push=True).job == moved.id == job.id
    assert (other.check(), claims()) == ([], [])
    assert [effort.trials for effort in other.trials()] == [1, 1]  # counted once, in whichever job it is


def test_what_the_former_owner_measured_beside_stays_when_the_job_comes_back(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    log, more = make_log("dense", [1e-3]), make_log("conv", [1e-3])
    job = start(library, log, stale=True)
    moved = other.take_over_job()
    with job.log.open("ab") as file:
        file.write(more.read_bytes())
    Heartbeat(other._view.writable, moved).beat("left")
    caplog.set_level(logging.WARNING)
    back = library.take_over_job()
    both = {each.id: each.log.read_bytes() for each in library.open_jobs()}
    assert both.pop(back.id) == log.read_bytes()
    assert list(both.values()) == [log.read_bytes() + more.read_bytes()]
    assert f"is kept as job {next(iter(both))}" in caplog.text


def test_what_the_former_owner_has_is_not_kept_twice(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start
) -> None:
    start(library, make_log("dense", [1e-3]), stale=True)
    moved = other.take_over_job()
    with moved.log.open("ab") as file:
        file.write(make_log("conv", [1e-3]).read_bytes())
    Heartbeat(other._view.writable, moved).beat("left")
    back = library.take_over_job()
    assert [each.id for each in library.open_jobs()] == [back.id]
    assert back.log.read_bytes() == moved.log.read_bytes()


def test_a_job_that_may_have_been_committed_goes_on_under_another_id(
    library: ConfigLibrary, other: ConfigLibrary, make_log: MakeLog, start: Start
) -> None:
    job = start(library, make_log("dense", [1e-3]), stale=True)
    Heartbeat(library._view.writable, job).beat("finishing")
    library._view.repository.git.run("remote", "set-url", "origin", "/nowhere")  # it dies here
    moved = start_when_stale(other)
    assert moved.id != job.id
    assert moved.log.read_bytes() == job.log.read_bytes()


def start_when_stale(library: ConfigLibrary) -> OpenJob:
    while True:
        try:
            return library.take_over_job()
        except TakenError:
            continue


def test_a_claim_that_outlived_its_job_is_removed(
    library: ConfigLibrary,
    other: ConfigLibrary,
    make_log: MakeLog,
    start: Start,
    claims: Claims,
    git: Git,
    remote: Path,
) -> None:
    job = start(library, make_log("dense", [1e-3]), stale=True)
    held = git(remote, "for-each-ref", "--format=%(objectname) %(refname)", "refs/tvmgitlib/wip/").split()
    library.finish_job(push=True)
    git(remote, "update-ref", held[1], held[0])
    other.sync()
    with pytest.raises(JobError, match=f"job {job.id} is committed already, and its claim is removed"):
        start_when_stale(other)
    assert claims() == []
    assert other.open_jobs() == []


def test_removing_a_claim_by_hand_does_no_harm(
    library: ConfigLibrary, make_log: MakeLog, start: Start, claims: Claims, git: Git, remote: Path
) -> None:
    start(library, make_log("dense", [1e-3]))
    git(remote, "update-ref", "-d", f"refs/tvmgitlib/wip/{claims()[0]}")
    assert library.finish_job(push=True).counts.read == 1
    assert (library.check(), claims()) == ([], [])


def test_without_its_remote_a_job_is_committed_under_an_id_that_nobody_else_has(
    library: ConfigLibrary, make_log: MakeLog, start: Start, git: Git, caplog: pytest.LogCaptureFixture
) -> None:
    job = start(library, make_log("dense", [1e-3]))
    git(library.path, "remote", "set-url", "origin", "/nowhere")
    assert Heartbeat(library._view.writable, job).beat()
    done = library.finish_job()
    assert done.job != job.id
    assert f"job {job.id} is committed as job {done.job}" in caplog.text
    assert library.open_jobs() == []


def test_an_aborted_job_gives_its_claim_up(library: ConfigLibrary, start: Start, claims: Claims) -> None:
    start(library)
    library.abort_job()
    assert claims() == []


def test_what_is_logged_after_the_end_is_shared_with_nobody(
    library: ConfigLibrary, make_log: MakeLog, start: Start, claims: Claims
) -> None:
    job = start(library, make_log("dense", [1e-3]))
    library.finish_job()
    with job.log.open("ab") as file:
        file.write(make_log("conv", [1e-3]).read_bytes())
    assert [each.spec.share for each in library.open_jobs()] == [None]
    with pytest.raises(JobError, match="is not shared"):
        library.renew_job()
    assert (library.finish_job().counts.read, claims()) == (1, [])


def test_a_renewal_that_came_through_unheard_is_the_jobs_own(
    library: ConfigLibrary, make_log: MakeLog, start: Start, claims: Claims
) -> None:
    job = start(library, make_log("dense", [1e-3]))
    noted = job.folder / "claim.json"
    before = json.loads(noted.read_text())
    library.renew_job()
    after = json.loads(noted.read_text())
    noted.write_text(json.dumps({**before, "maybe": [after["commit"]]}))  # killed before it could note the end
    library.renew_job()
    assert library.finish_job().job == job.id
    assert claims() == []


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"share": 600}, "a job that is shared needs a key"),
        ({"share": 0, "key": "m"}, "not between 0 and a week"),
        ({"share": 1e9, "key": "m"}, "not between 0 and a week"),
    ],
)
def test_how_a_job_cannot_be_shared(library: ConfigLibrary, told: dict[str, object], why: str) -> None:
    with pytest.raises(JobError, match=why):
        library.begin_job(**told)
    assert library.open_jobs() == []
