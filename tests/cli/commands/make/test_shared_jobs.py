"""Open jobs that move, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]

LOG = Path(__file__).parents[3] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"

SHARED = ("job", "start", "--platform", "board", "--key", "resnet", "--share", "10m")


@pytest.fixture
def elsewhere(library: ConfigLibrary, tmp_path: Path, git: Git) -> Path:
    """Another clone of the remote that the library has."""
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(remote))
    git(library.path, "remote", "add", "origin", remote.as_uri())
    git(library.path, "push", "--quiet", "origin", "main")
    return ConfigLibrary.clone(remote.as_uri(), tmp_path / "elsewhere").path


def test_a_job_moves(cli: Any, elsewhere: Path, library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    started = cli.json(*SHARED)
    Path(started["log"]).write_bytes(LOG.read_bytes())
    assert cli.json("job", "renew") == {"job": started["job"]}
    lines = len(LOG.read_bytes().splitlines())
    (listed,) = cli.lines("job", "list", "--remote")
    assert (listed["job"], listed["key"], listed["trials"], listed["stale"]) == (started["job"], "resnet", lines, False)
    assert listed.keys() >= {
        "claim",
        "machine",
        "author",
        "target",
        "platform",
        "started",
        "renewed",
        "interval",
        "age",
    }

    cli.library = elsewhere
    for command in (SHARED, ("job", "resume", "--from-remote", "resnet")):
        cli(*command)
        assert (cli.code, cli.out) == (75, "")
        assert f"resnet is being tuned on {listed['machine']}, as job {started['job']}, which said so" in cli.err
    assert cli("--json", *SHARED).code == 75
    assert '"type": "TakenError"' in cli.err
    assert "resnet" in cli("job", "list", "--remote").out

    monkeypatch.setattr("tvmgitlib.library.jobs.sharing.claims.PATIENCE", 0)  # nothing was heard of it for long
    resumed = cli.json("job", "resume", "--from-remote")
    assert resumed["job"] == started["job"]
    assert Path(resumed["log"]).read_bytes() == LOG.read_bytes()
    assert cli("job", "finish", "--push").code == 0
    assert cli.lines("job", "list", "--remote") == []

    cli.library = library.path
    assert cli("job", "renew").code == 75
    assert "taken over by another machine, or its claim was removed" in cli.err


def test_whoever_starts_a_shared_job_is_told_to_tell_of_it(cli: Any, elsewhere: Path) -> None:
    *_, while_it_runs, then = cli(*SHARED).out.splitlines()
    job = cli.lines("job", "list")[0]["job"]
    assert while_it_runs == f"While it runs, in there: tvmgitlib job renew {job} --watch"
    assert then == f"When the tuner is done, in there: tvmgitlib job finish {job}"


def test_what_was_left_goes_on_with_the_same_command(
    cli: Any, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = cli.json(*SHARED)
    Path(started["log"]).write_bytes(LOG.read_bytes())
    cli("job", "renew")
    monkeypatch.setattr("tvmgitlib.library.jobs.sharing.claims.PATIENCE", 0)
    cli.library = elsewhere
    assert f"Job {started['job']} goes on, with" in cli(*SHARED).out


def test_how_a_job_is_not_shared(cli: Any, library: ConfigLibrary) -> None:
    cli("job", "start", "--share", "10m")
    assert (cli.code, "needs a key" in cli.err) == (4, True)
    cli("job", "start", "--share", "soon", "--key", "m")
    assert cli.code == 2
    cli(*SHARED)
    assert (cli.code, "no remote called origin" in cli.err) == (4, True)
    assert library.open_jobs() == []
