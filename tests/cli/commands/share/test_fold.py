from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

LOG = Path(__file__).parents[3] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log"

Git = Callable[..., str]


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git) -> Path:
    path = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
    git(library.path, "remote", "add", "origin", path.as_uri())
    library.sync()
    return path


def test_jobs_that_are_queued_are_folded_by_anybody(
    library: ConfigLibrary, remote: Path, cli: Any, tmp_path: Path
) -> None:
    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    cli("config", "push", "queue")
    cli("sync")  # the setting goes by the branch
    told = cli("import", LOG, "--platform", "box", "--push").out
    assert "It waits in the remote's queue" in told
    assert "1 job queued" in cli("sync").out
    cli.library = other.path
    done = cli.json("fold", "--queue")
    assert (cli.code, len(done["folded"]), done["refused"]) == (0, 1, {})
    assert other.check() == []


def test_what_cannot_be_folded_is_named_and_told_by_the_exit_code(
    library: ConfigLibrary, remote: Path, cli: Any, git: Git
) -> None:
    git(remote, "update-ref", f"refs/tvmgitlib/jobs/{'a' * 16}", "main")
    done = cli.json("fold", "--queue")
    assert (cli.code, list(done["refused"])) == (1, ["a" * 16])
    assert "left in the queue" in cli.err


def test_a_watch_of_no_remote_ends(cli: Any) -> None:
    assert cli("fold", "--queue", "--watch").code == 4
    assert "has no remote called origin" in cli.err


def test_fold_says_what_it_folds(cli: Any) -> None:
    cli("fold")
    assert cli.code == 2
    assert "--queue" in cli.err


def test_a_watch_folds_what_comes_until_it_is_interrupted(
    library: ConfigLibrary, remote: Path, tmp_path: Path, git: Git
) -> None:
    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(other.path), "fold", "--queue", "--watch", "--every", "0.1"]
    library.import_logs(LOG, platform="box")
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heeds) as watch:
        library.sync(queue=True)
        assert watch.stdout is not None
        assert "1 job folded from the queue" in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
    assert watch.returncode == 130
    assert git(remote, "for-each-ref", "refs/tvmgitlib/jobs") == ""
