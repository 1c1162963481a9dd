from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs import Journal, TakenJob
from tvmgitlib.library.jobs.kept_history import kept_records
from tvmgitlib.library.suggesting.evidence import evidence
from tvmgitlib.model import (
    GitError,
    LibraryError,
    Place,
    SelectionError,
    TuningRecord,
    TvmVersion,
    Workload,
    parse_target,
)

Git = Callable[..., str]
MakeLog = Callable[..., Path]

TVM = "hhb-tvm==0.16.dev0"
HASWELL = "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu"
SKYLAKE = "llvm -mcpu=skylake -mtriple=x86_64-linux-gnu"
COSTS = [1e-3 * number for number in range(12, 0, -1)]  # more than a segment holds


def finish(library: ConfigLibrary, log: Path, **told: Any) -> str:
    """A job with a log, committed; its id."""
    job = library.begin_job(**{"platform": "box", "tvm": TVM, "keep_history": True} | told)
    shutil.copy(log, job.log)
    return str(library.finish_job(job.id).job)


def ref(job: str) -> str:
    return f"refs/tvmgitlib/history/{job}"


def histories(git: Git, path: Path) -> list[str]:
    listed = git(path, "for-each-ref", "--format=%(refname)", "refs/tvmgitlib/history/").split()
    return [name.rpartition("/")[2] for name in listed]


def native(records: list[TuningRecord]) -> bytes:
    return b"".join(record.native + b"\n" for record in records)


# One library


def test_every_line_of_the_log_is_kept_and_read_back(library: ConfigLibrary, logs: Path, git: Git) -> None:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_random.log"
    job = finish(library, log)
    assert native(library.kept_history(job)) == log.read_bytes()
    assert native(library.kept_history(job[:6])) == log.read_bytes()
    assert git(library.path, "show", f"{ref(job)}:tuning.log").encode() == log.read_bytes()


def test_failures_are_kept_too(library: ConfigLibrary, logs: Path) -> None:
    job = finish(library, logs / "autotvm" / "matmul_x86_all_rpc_errors.log")
    records = library.kept_history(job)
    assert records
    assert {record.error for record in records} == {"runtime_device"}


def test_a_metaschedule_database_is_kept_whole(library: ConfigLibrary, logs: Path, git: Git) -> None:
    database = logs / "metaschedule" / "v27_mm128"
    job = library.begin_job(platform="box", keep_history=True)
    shutil.copytree(database, job.work_dir, dirs_exist_ok=True)
    library.finish_job()
    assert native(library.kept_history(job.id)) == (database / "database_tuning_record.json").read_bytes()
    workloads = git(library.path, "show", f"{ref(job.id)}:work_dir/database_workload.json")
    assert workloads == (database / "database_workload.json").read_text()


def test_by_default_only_the_best_are_kept(library: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    job = finish(library, make_log("dense", COSTS), keep_history=False)
    assert histories(git, library.path) == []
    with pytest.raises(SelectionError, match="is not here"):
        library.kept_history(job)


def test_the_command_line_keeps_them_when_asked(cli: Any, make_log: MakeLog, git: Git) -> None:
    started = cli.json("job", "start", "--keep-history", "--platform", "box")
    shutil.copy(make_log("dense", COSTS), started["log"])
    assert cli("job", "finish").code == 0
    assert histories(git, cli.library) == [started["job"]]


def test_a_cut_off_last_line_is_not_kept(library: ConfigLibrary, make_log: MakeLog) -> None:
    whole, torn = make_log("dense", COSTS), make_log("dense", COSTS)
    shutil.copy(whole, torn)
    with torn.open("a") as file:
        file.write('{"input": ["ll')
    assert native(library.kept_history(finish(library, torn))) == whole.read_bytes()


def test_a_history_is_no_part_of_the_branch(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    job = finish(library, make_log("dense", COSTS))
    commit = git(library.path, "rev-parse", ref(job)).strip()
    assert commit not in git(library.path, "rev-list", "--branches").split()
    git(tmp_path, "clone", "--quiet", library.path.as_uri(), "plain")
    assert histories(git, tmp_path / "plain") == []
    assert git(tmp_path / "plain", "rev-list", "--all", "--objects").find(commit) == -1


def test_git_finds_nothing_wrong_and_collects_nothing(library: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    log = make_log("dense", COSTS)
    job = finish(library, log)
    assert git(library.path, "fsck", "--strict", "--full", "--no-dangling") == ""
    git(library.path, "gc", "--quiet", "--prune=now")
    assert native(library.kept_history(job)) == log.read_bytes()
    assert library.check() == []


def test_a_job_on_the_branch_has_its_history(
    library: ConfigLibrary, make_log: MakeLog, hooks: Callable[..., Path], git: Git
) -> None:
    hooks(
        "reference-transaction",
        '#!/bin/sh\n[ "$1" = prepared ] || exit 0\ngrep -q refs/heads/main || exit 0\n'
        "git for-each-ref refs/tvmgitlib/history/ | grep -q commit\n",
    )
    with pytest.raises(GitError):
        finish(library, make_log("dense", COSTS), keep_history=False)  # the hook does look
    job = finish(library, make_log("conv", COSTS))
    assert histories(git, library.path) == [job]


def test_a_job_that_goes_on_after_a_kill_keeps_what_it_has_then(
    library: ConfigLibrary, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch, git: Git
) -> None:
    from tvmgitlib.library.jobs import finishing

    log = make_log("dense", COSTS)
    first, *rest = log.read_bytes().splitlines(keepends=True)
    job = library.begin_job(platform="box", tvm=TVM, keep_history=True)
    job.log.write_bytes(first)
    with monkeypatch.context() as patched:
        patched.setattr(finishing, "_commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            library.finish_job()
    assert histories(git, library.path) == [job.id]
    with job.log.open("ab") as file:
        file.writelines(rest)
    library.finish_job()
    assert native(library.kept_history(job.id)) == log.read_bytes()


def test_a_history_that_the_job_was_not_made_from_is_refused(
    library: ConfigLibrary, make_log: MakeLog, git: Git
) -> None:
    mine = finish(library, make_log("dense", COSTS))
    other = finish(library, make_log("conv", COSTS))
    git(library.path, "update-ref", ref(mine), ref(other))
    with pytest.raises(LibraryError, match=f"not the log that job {mine} was made from"):
        library.kept_history(mine)


def test_a_history_without_its_log_is_refused(library: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    job = finish(library, make_log("dense", COSTS))
    git(library.path, "update-ref", ref(job), "HEAD")
    with pytest.raises(LibraryError, match="not the log"):
        library.kept_history(job)


# What they say of a workload


@pytest.fixture
def kept(library: ConfigLibrary) -> Callable[..., list[float]]:
    """The costs that kept histories of a workload say: `kept("dense", tvm=TVM)`."""

    def ask(
        name: str, tvm: str | None = None, *, target: str = HASWELL, platform: str = "box", **told: Any
    ) -> list[float]:
        workload = Workload("autotvm", json.dumps([name, [8, 8, "float32"]], separators=(",", ":")))
        place = Place("autotvm", parse_target(target).target, platform, workload)
        version = TvmVersion.parse(tvm) if tvm else None
        with library._view.reading() as contents:
            return [record.cost for record in kept_records(library._view.repository, contents, place, version, **told)]

    return ask


def test_they_answer_for_their_workload_target_and_platform_only(
    library: ConfigLibrary, make_log: MakeLog, kept: Callable[..., list[float]]
) -> None:
    both = make_log("dense", COSTS)
    both.write_bytes(both.read_bytes() + make_log("conv", [5e-3]).read_bytes())
    finish(library, both)
    finish(library, make_log("dense", [7e-3], target=SKYLAKE))
    finish(library, make_log("dense", [8e-3]), platform="other")
    assert kept("dense") == COSTS
    assert kept("conv") == [5e-3]
    assert kept("dense", target=SKYLAKE) == [7e-3]
    assert kept("dense", platform="other") == [8e-3]
    assert kept("dense", platform="nowhere") == []
    assert sorted(kept("dense", other_targets=True)) == sorted([*COSTS, 7e-3, 8e-3])


def test_one_log_of_two_models_is_two_platforms(
    library: ConfigLibrary, make_log: MakeLog, kept: Callable[..., list[float]]
) -> None:
    log = make_log("dense", [1e-3], target=f"{HASWELL} -model=one")
    log.write_bytes(log.read_bytes() + make_log("dense", [2e-3], target=f"{HASWELL} -model=two").read_bytes())
    finish(library, log)
    assert kept("dense", platform="one") == [1e-3]
    assert kept("dense", platform="two") == [2e-3]


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ("hhb-tvm==0.16.dev0", True),
        ("hhb-tvm==0.16.1", True),
        ("hhb-tvm==0.17.0", False),
        ("apache-tvm==0.16.0", False),
    ],
)
def test_they_answer_for_their_tvm_only(
    library: ConfigLibrary, make_log: MakeLog, kept: Callable[..., list[float]], asked: str, answers: bool
) -> None:
    finish(library, make_log("dense", COSTS))
    assert kept("dense", asked) == (COSTS if answers else [])


def test_where_the_job_does_not_say_its_tvm_the_log_does(
    library: ConfigLibrary, make_log: MakeLog, kept: Callable[..., list[float]]
) -> None:
    log = make_log("dense", [1e-3], version="0.15.0")
    log.write_bytes(log.read_bytes() + make_log("dense", [2e-3]).read_bytes())
    finish(library, log, tvm=None)
    assert kept("dense", TVM) == [2e-3]


def test_a_reverted_job_says_nothing_until_the_revert_is_reverted(
    library: ConfigLibrary, make_log: MakeLog, kept: Callable[..., list[float]]
) -> None:
    reverted = library.revert(finish(library, make_log("dense", COSTS)))
    assert kept("dense") == []
    library.revert(reverted.job)
    assert kept("dense") == COSTS


# Sharing


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git) -> Path:
    path = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
    git(library.path, "remote", "add", "origin", path.as_uri())
    library.sync()
    return path


def test_they_travel_when_asked(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    log = make_log("dense", COSTS)
    job = finish(library, log)
    assert library.sync().histories_sent == ()
    assert histories(git, remote) == []
    assert library.sync(history=True).histories_sent == (job,)
    assert library.sync(history=True).histories_sent == ()

    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    theirs = finish(other, make_log("conv", COSTS))
    with pytest.raises(SelectionError):
        other.kept_history(job)
    done = other.sync(history=True)
    assert (done.histories_sent, done.histories_received) == ((theirs,), (job,))
    assert native(other.kept_history(job)) == log.read_bytes()
    assert library.sync(history=True).histories_received == (theirs,)
    for place in (library.path, other.path, remote):
        assert histories(git, place) == sorted([job, theirs])


def test_only_those_of_committed_jobs_travel(library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git) -> None:
    job = finish(library, make_log("dense", COSTS))
    git(library.path, "update-ref", ref("0123456789abcdef"), ref(job))  # of a job that was killed before its commit
    git(remote, "fetch", "--quiet", str(library.path), f"{ref(job)}:{ref('fedcba9876543210')}")  # of nobody we know
    done = library.sync(history=True)
    assert (done.histories_sent, done.histories_received) == ((job,), ())


def test_sync_on_the_command_line(cli: Any, remote: Path, library: ConfigLibrary, make_log: MakeLog) -> None:
    job = finish(library, make_log("dense", COSTS))
    done = cli.json("sync", "--history")
    assert (done["histories_sent"], done["histories_received"]) == ([job], [])
    assert "0 histories sent, 0 received" in cli("sync", "--history").out
    assert "histories" not in cli("sync").out
    assert cli("sync", "--history", "--propose", "mine").code == 2


def test_a_remote_that_refuses_them_does_not_undo_the_sync(
    library: ConfigLibrary, remote: Path, make_log: MakeLog, git: Git
) -> None:
    job = finish(library, make_log("dense", COSTS))
    git(remote, "config", "receive.hideRefs", "refs/tvmgitlib")
    with pytest.raises(GitError, match="sync --history"):
        library.sync(history=True)
    assert git(remote, "rev-parse", "main").strip() == library.commit
    assert histories(git, library.path) == [job]


# Imports


def test_an_import_keeps_its_logs_whole(cli: Any, library: ConfigLibrary, logs: Path, git: Git) -> None:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_random.log"
    result = cli.json("import", log, "--platform", "box", "--tvm", TVM, "--keep-history")
    assert native(library.kept_history(result["job"])) == log.read_bytes()
    assert histories(git, library.path) == [result["job"]]
    assert library.check() == []


def test_logs_of_one_name_and_of_several_files_are_kept_apart(
    library: ConfigLibrary, logs: Path, tmp_path: Path
) -> None:
    paths = []
    for name in ("t0_tvmgitlib_matmul_random", "t1_tvmgitlib_matmul_random"):
        paths.append(tmp_path / name / "tuning.log")
        paths[-1].parent.mkdir()
        shutil.copy(logs / "autotvm" / f"{name}.log", paths[-1])
    database = logs / "metaschedule" / "v27_mm128"
    job = library.import_logs(*paths, database, platform="box", keep_history=True).job
    files = (*paths, database / "database_tuning_record.json")
    lines = sorted(line for path in files for line in path.read_bytes().splitlines())
    assert sorted(record.native for record in library.kept_history(str(job))) == lines


def test_what_an_import_left_out_and_upgraded_is_so_in_its_history(library: ConfigLibrary, tmp_path: Path) -> None:
    case = Path(__file__).parents[2] / "data" / "cases" / "06"
    mixed = tmp_path / "a.log"
    mixed.write_bytes((case / "old.log").read_bytes() + b"rubbish\n" + (case / "old.log").read_bytes()[:50])
    told: dict[str, Any] = {"skip_invalid": True, "drop_torn": True, "upgrade": True}
    job = library.import_logs(mixed, **told, keep_history=True).job
    assert native(library.kept_history(str(job))) == (case / "wanted.log").read_bytes()


def test_of_a_log_that_grew_the_history_is_what_counted(
    library: ConfigLibrary, make_log: MakeLog, tmp_path: Path
) -> None:
    log = make_log("dense", COSTS)
    beginning = tmp_path / "dense.log"
    beginning.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:5]))
    library.import_logs(beginning, platform="box", tvm=TVM)
    beginning.write_bytes(log.read_bytes())
    job = library.import_logs(beginning, platform="box", tvm=TVM, keep_history=True).job
    assert len(library.kept_history(str(job))) == len(COSTS) - 5


def test_a_history_can_be_kept_later_and_once(library: ConfigLibrary, make_log: MakeLog, git: Git) -> None:
    log = make_log("dense", COSTS)
    job = str(library.import_logs(log, platform="box", tvm=TVM).job)
    assert histories(git, library.path) == []
    again = library.import_logs(log, platform="box", tvm=TVM, keep_history=True)
    assert (again.already, again.job, histories(git, library.path)) == (True, job, [job])
    kept = git(library.path, "rev-parse", ref(job))
    library.import_logs(log, platform="box", tvm=TVM, keep_history=True)
    assert git(library.path, "rev-parse", ref(job)) == kept
    assert len(library.kept_history(job)) == len(COSTS)


def test_another_log_in_its_place_is_refused(
    library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    job = str(library.import_logs(make_log("dense", COSTS), platform="box", tvm=TVM, keep_history=True).job)
    other = ConfigLibrary.init(tmp_path / "other")
    theirs = str(other.import_logs(make_log("conv", COSTS), platform="box", tvm=TVM, keep_history=True).job)
    git(library.path, "fetch", str(other.path), f"+{ref(theirs)}:{ref(job)}")
    with pytest.raises(LibraryError, match="is not the log"):
        library.kept_history(job)


def test_whoever_learns_from_others_learns_only_from_whom_is_trusted(
    library: ConfigLibrary, logs: Path, git: Git, sign: Callable[[Path, str], str], tmp_path: Path
) -> None:
    sign(library.path, "tess")
    (tmp_path / "allowed").write_text(f"tess@example.com {(tmp_path / 'key-tess.pub').read_text()}")
    git(library.path, "config", "--global", "tvmgitlib.allowedSigners", str(tmp_path / "allowed"))
    signed = finish(library, logs / "autotvm" / "t0_tvmgitlib_matmul_random.log")
    git(library.path, "config", "tvmgitlib.sign", "none")
    unsigned = finish(library, logs / "autotvm" / "t0_tvmgitlib_matmul_xgb.log")
    place = library.best()[0].place
    opened = library.begin_job(platform="box", tvm=TVM)
    claim = opened.claim()
    assert claim is not None
    journal = Journal(library._view, TvmVersion.parse(TVM), TakenJob(opened, claim, resumed=False))

    def learnt(trust: str) -> list[Any]:
        git(library.path, "config", "--global", "tvmgitlib.trust", trust)
        with library._view.reading() as contents:
            found = evidence(contents, place)
            jobs = {job for past in found.past for job in past.jobs}
            kept = list(kept_records(library._view.repository, contents, place))
        return [jobs, {history.header.id for history in library.histories()}, len(kept), len(journal.learnable(place))]

    assert learnt("any") == [{signed, unsigned}, {signed, unsigned}, 64, 64]
    assert learnt("signed") == [{signed}, {signed}, 32, 32]
