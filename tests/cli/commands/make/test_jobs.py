from __future__ import annotations

import json
import platform as system
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, JobResult
from tvmgitlib.model import UnsentError

LOG = Path(__file__).parents[3] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
HERE = f"llvm -mtriple={system.machine()}-linux-gnu"


def start(cli: Any, *options: str) -> dict[str, str]:
    job: dict[str, str] = cli.json("job", "start", *options)
    assert cli.code == 0
    return job


def rename(cli: Any, job: dict[str, str], name: str) -> None:
    """Give a job in progress another id, as chance could have."""
    folder = Path(job["log"]).parent
    document = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps(document | {"id": name}))
    folder.rename(folder.with_name(name))


def test_a_started_job_is_listed_and_shown_with_what_it_was_told(cli: Any) -> None:
    job = start(
        cli,
        *("--target", "cuda -arch=sm_90", "--platform", "h100", "--tuner", "xgb"),
        *("--set", "cooling=fan", "--set", "clocks.sm_mhz=1980", "--tvm", "hhb-tvm==0.16.dev0", "--key", "resnet"),
    )
    (listed,) = cli.lines("job", "list")
    assert listed == cli.json("job", "show", job["job"])
    assert (listed["target"], listed["platform"], listed["tuner"]) == ("cuda -arch=sm_90", "h100", "xgb")
    assert listed["facts"] == {"cooling": "fan", "clocks": {"sm_mhz": 1980}}
    assert listed["tvm"] == {"distribution": "hhb-tvm", "version": "0.16.dev0", "source": "option"}
    assert cli("job", "list").out.split() == [
        *("job", "started", "key", "tuner", "target"),
        *(job["job"], listed["started"][:10], listed["started"][11:16], "UTC", "resnet", "xgb", "cuda", "-arch=sm_90"),
    ]
    shown = cli("job", "show", job["job"]).out
    assert 'facts     cooling="fan", clocks={"sm_mhz": 1980}' in shown
    assert "state     open" in shown


def test_starting_prints_where_to_log_and_what_to_do_then(cli: Any) -> None:
    lines = cli("job", "start", "--platform", "board").out.splitlines()
    job = lines[0].split()[1]
    assert lines == [
        f"Job {job} started.",
        f"  log       {cli.library}/.git/tvmgitlib/jobs/{job}/tuning.log",
        f"  work_dir  {cli.library}/.git/tvmgitlib/jobs/{job}/work_dir",
        f"Library: {cli.library}",
        f"When the tuner is done, in there: tvmgitlib job finish {job}",
    ]


def test_the_only_job_need_not_be_named(cli: Any) -> None:
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    assert cli.json("job", "finish")["job"] == job["job"]
    assert cli("job", "finish").err == "error: no job is in progress\ntvmgitlib job start begins one.\n"
    again = start(cli, "--platform", "board")
    assert cli("job", "abort").out.splitlines()[0] == f"Job {again['job']} is dropped with its logs."
    assert not Path(again["log"]).exists()


def test_of_several_jobs_one_must_be_named_by_a_beginning_that_only_it_has(cli: Any) -> None:
    for name in ("ab" * 8, "ac" * 8):
        rename(cli, start(cli, "--platform", "board"), name)
    for command in ("finish", "abort"):
        cli("job", command)
        assert cli.code == 4
        assert f"2 jobs are in progress: {'ab' * 8}, {'ac' * 8}" in cli.err
        cli("job", command, "a")
        assert cli.code == 4
        assert "several jobs in progress begin with 'a'" in cli.err
    assert "several jobs in progress begin with 'a'" in cli("job", "show", "a").err
    assert cli.json("job", "show", "ac")["job"] == "ac" * 8
    assert cli.json("job", "abort", "ab")["job"] == "ab" * 8
    assert [job["job"] for job in cli.lines("job", "list")] == ["ac" * 8]


@pytest.mark.parametrize("name", ["zz", "../..", "", "f" * 16, "*"])
def test_an_unknown_job_is_named(cli: Any, name: str) -> None:
    start(cli, "--platform", "board")
    for command in ("finish", "abort", "show"):
        cli("job", command, name)
        assert cli.code == 4
        assert cli.err.startswith("error: no job")
    assert len(cli.lines("job", "list")) == 1


def test_a_committed_job_is_shown_by_the_beginning_of_its_id(cli: Any, logs: Path) -> None:
    first = cli.json("import", LOG, "--platform", "board", "--set", "cooling=fan")["job"]
    second = cli.json("import", logs / "metaschedule" / "h100_matmul_256_timeouts", "--platform", "h100")["job"]
    assert cli.json("job", "show", first[:5])["job"] == first
    text = cli("job", "show", second[:5]).out
    assert text.startswith(f"job       {second}\nstate     committed\n")
    trials, tasks = text.splitlines()[-2:]
    assert trials.split() == ["trials", "configs", "failed", "platform", "workload"]
    assert (tasks.split()[0], *tasks.split()[2:4]) == ("64", "52", "h100")
    assert 'options   facts={"cooling": "fan"}, platform="board"' in cli("job", "show", first).out


def test_an_ambiguous_or_unknown_committed_job_is_refused(cli: Any, logs: Path) -> None:
    for path in sorted((logs / "autotvm").glob("t?_*.log")):
        cli("import", path, "--platform", "board")
    ids = [entry["job"] for entry in cli.lines("log")]
    shared = next(digit for digit in "0123456789abcdef" if sum(job.startswith(digit) for job in ids) > 1)
    cli("job", "show", shared)
    assert cli.code == 4
    assert f"several jobs of the library begin with '{shared}'" in cli.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--platform", "../../x"], "is not the name of a platform"),
        (["--target", "llvm -"], "in the target"),
        (["--target", "opencl -device=mali"], "--platform NAME"),
        (["--set", "cooling"], "sets no fact"),
    ],
)
def test_a_job_that_could_not_be_finished_is_not_started(cli: Any, options: list[str], words: str) -> None:
    cli("job", "start", *options)
    assert cli.code == 4
    assert words in cli.err
    assert cli("job", "list").out == ""


def test_a_job_for_this_machine_knows_its_platform(cli: Any) -> None:
    here = cli.json("platform", "detect")
    job = start(cli, "--target", "llvm", "--set", "cooling=fan", "--set", "memory_gib=1")
    shown = cli.json("job", "show", job["job"])
    assert shown["platform"] == here["name"]
    assert shown["facts"] == {**here["facts"], "cooling": "fan", "memory_gib": 1}


# Pushing


def share(cli: Any, git: Any, tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(cli.library, "remote", "add", "origin", str(tmp_path / "remote.git"))
    assert cli("sync").code == 0
    return tmp_path / "remote.git"


def refuse(remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ngrep -q ' refs/heads/main$' || exit 0\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_job_that_is_committed_and_not_pushed_is_told_with_its_commit(
    cli: Any, git: Any, tmp_path: Path, as_json: bool
) -> None:
    refuse(share(cli, git, tmp_path))
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    cli(*(["--json"] if as_json else []), "job", "finish", "--push")
    commit = git(cli.library, "rev-parse", "HEAD").strip()
    assert cli.code == 4
    if as_json:
        answer = json.loads(cli.out)
        assert (answer["job"], answer["commit"], answer["read"]) == (job["job"], commit, 32)
    else:
        assert cli.out.startswith(f"Job {job['job']} is committed as {commit[:12]}.")
    assert f"job {job['job']} is committed here, as {commit[:12]}, and not sent" in cli.err
    assert "main is protected" in cli.err
    assert "tvmgitlib sync --propose" in cli.err
    assert cli.json("sync", "--propose", "mine")["sent"] == [job["job"]]


def test_a_job_that_is_pushed_tells_its_commit_first_and_then_the_pushed_one(
    cli: Any, git: Any, tmp_path: Path
) -> None:
    remote = share(cli, git, tmp_path)
    other = ConfigLibrary.clone(str(remote), tmp_path / "other")
    other.import_logs(LOG.with_name("t0_tvmgitlib_matmul_grid.log"), platform="board")
    other.sync()
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    before = git(cli.library, "rev-parse", "HEAD").strip()
    assert cli("job", "finish", "--push").code == 0
    first, *_, last = cli.out.splitlines()
    pushed = git(remote, "rev-parse", "main").strip()
    made = first.rpartition(" ")[2].rstrip(".")
    assert last == f"It is on the remote, as {pushed[:12]}."
    assert git(cli.library, "rev-parse", f"{made}~").strip() == before
    assert not pushed.startswith(made)


def test_a_program_is_told_what_was_committed_too(cli: Any, git: Any, tmp_path: Path) -> None:
    refuse(share(cli, git, tmp_path))
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    told: list[JobResult] = []
    with pytest.raises(UnsentError) as caught:
        ConfigLibrary(cli.library).finish_job(push=True, committed=told.append)
    assert told == [caught.value.result]
    assert told[0].job == job["job"]


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        (("--target", HERE), True),
        (("--target", HERE, "--platform", "this"), False),
        (("--target", HERE, "--platform", "nas"), False),
        (("--target", f"{HERE} -model=nas"), False),
        ((), False),
    ],
)
def test_a_job_that_is_taken_to_be_this_machines_says_so(cli: Any, told: tuple[str, ...], is_told: bool) -> None:
    cli("job", "start", *told)
    assert ("so it is taken to be this machine: " in cli.err) == is_told
    assert ("through RPC, --platform NAME has to say it" in cli.err) == is_told


def test_resuming_says_again_where_to_log(cli: Any) -> None:
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    assert cli.json("job", "resume") == job
    assert cli("job", "resume", job["job"][:4]).out.startswith(f"Job {job['job']} goes on, with 32 lines logged.")
    cli("job", "finish")
    assert cli("job", "resume").code == 4


def next_steps(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Next")]


def test_what_comes_next_is_what_has_not_been_done(cli: Any, git: Any, tmp_path: Path) -> None:
    remote = share(cli, git, tmp_path)
    job = start(cli, "--platform", "board")
    Path(job["log"]).write_bytes(LOG.read_bytes())
    look = "Next, in there: tvmgitlib best shows what there is now"
    assert next_steps(cli("job", "finish", "--push").out) == [f"{look}."]
    others = [LOG.with_name(f"t0_tvmgitlib_matmul_{tuner}.log") for tuner in ("grid", "random", "xgb")]
    assert next_steps(cli("import", others[0], "--platform", "board", "--push").out) == [f"{look}."]
    assert next_steps(cli("import", others[1], "--platform", "board").out) == [f"{look}, tvmgitlib sync shares it."]
    refuse(remote)
    told = cli("import", others[2], "--platform", "board", "--push")
    assert (told.code, next_steps(told.out), "tvmgitlib sync --propose" in told.err) == (4, [f"{look}."], True)
    failed = LOG.with_name("matmul_riscv_all_errors.log")
    assert next_steps(cli("import", failed, "--platform", "other").out) == [
        "Next, in there: tvmgitlib trials shows the effort on record, tvmgitlib sync shares it."
    ]


def test_inside_the_library_what_comes_next_is_said_without_a_place(library: ConfigLibrary, tvmgitlib: Any) -> None:
    def said(*arguments: object) -> str:
        return str(tvmgitlib(*arguments, cwd=library.path).stdout.splitlines()[-1])

    assert said("import", LOG, "--platform", "board").startswith("Next: tvmgitlib best")
    assert said("job", "start", "--platform", "board").startswith("When the tuner is done: tvmgitlib job finish")
