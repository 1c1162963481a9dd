"""Killed at any moment, a command loses nothing it acknowledged, and the next command goes on by itself."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

#: Finishes jobs one after the other and writes the id of each that is acknowledged. The interpreter is warm by then, so
#: that every kill meets a commit and not an import statement.
FINISH = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for job in library.open_jobs():
    print(library.finish_job(job.id).job, flush=True)
"""

IMPORT = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for log in sys.argv[2:]:
    print(library.import_logs(log, platform="board").job, flush=True)
"""


def varied(log: Path, number: int) -> bytes:
    """A real log as another run would have written it: other times, so other measurements."""
    lines = []
    for line in log.read_bytes().splitlines():
        document = json.loads(line)
        document["result"][0] = [cost * (1 + number / 1_000) for cost in document["result"][0]]
        document["result"][3] += 1_000 * number
        lines.append(json.dumps(document).encode())
    return b"\n".join(lines) + b"\n"


def start_jobs(library: ConfigLibrary, log: Path, count: int) -> None:
    for number in range(count):
        library.begin_job(platform="board").log.write_bytes(varied(log, number))


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process


def kill(process: subprocess.Popen[str], whole_group: bool) -> list[str]:
    """Kill a process, or all that it started with it, and return what it had acknowledged."""
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    out, _ = process.communicate()
    return [line for line in out.splitlines() if len(line) == 16]


def assert_whole(path: Path, acknowledged: set[str], git) -> None:
    """What every kill must leave, after one more command."""
    library = ConfigLibrary(path)
    assert library.check() == []
    logged = {entry.job for entry in library.log()}
    assert acknowledged <= logged
    assert acknowledged <= set(library.trials()[0].jobs if acknowledged else ())
    assert git(path, "status", "--porcelain", "--untracked-files=all") == ""
    git_dir = path / ".git"
    assert not [*git_dir.glob("tvmgitlib-*"), *(lock for lock in git_dir.glob("**/*.lock") if lock.name != "live.lock")]
    for job in library.open_jobs():  # a job's own lock is the system's: it went with its process
        claim = job.claim()
        assert claim is not None
        claim.release()


def assert_connected(path: Path) -> None:
    fsck = subprocess.run(["git", "-C", path, "fsck", "--strict"], capture_output=True, text=True, check=True)
    said = [line for line in (fsck.stdout + fsck.stderr).splitlines() if not line.startswith("dangling ")]
    assert said == []


def kills(library: ConfigLibrary, log: Path, git, count: int, seed: int) -> None:
    """Kill `job finish` and `import` at random moments of a commit, alone or with the Git commands it runs."""
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    imported = 0
    for number in range(count):
        if chance.random() < 0.5:
            start_jobs(library, log, 4 - len(library.open_jobs()))
            script, arguments = FINISH, []
        else:
            script, arguments = IMPORT, []
            for _ in range(4):
                imported += 1
                path = library.path.parent / f"{imported}.log"
                path.write_bytes(varied(log, 100_000 * (seed + 1) + imported))
                arguments.append(path)
        with running(script, library.path, *arguments) as process:
            acknowledged.add(process.stdout.readline().strip())
            time.sleep(chance.uniform(0, 0.35))
            acknowledged.update(kill(process, whole_group=chance.random() < 0.5))
        acknowledged.discard("")
        # Every other time two kills come in a row, so that a recovery is killed as well.
        if number % 2:
            assert_whole(library.path, acknowledged, git)
    assert_whole(library.path, acknowledged, git)
    for job in library.open_jobs():
        acknowledged.add(library.finish_job(job.id).job or "")
    assert_whole(library.path, acknowledged, git)
    assert_connected(library.path)
    assert len(acknowledged) > count


@pytest.mark.slow
def test_fifteen_kills(library: ConfigLibrary, logs: Path, git) -> None:
    kills(library, logs / "autotvm/t0_tvmgitlib_matmul_grid.log", git, 15, 1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_three_hundred_kills(library: ConfigLibrary, logs: Path, git, seed: int) -> None:
    kills(library, logs / "autotvm/t0_tvmgitlib_matmul_grid.log", git, 30, 100 + seed)


#: How often a commit calls Git is told by a `git` in front of the real one, which ends both at a given call.
WRAPPER = """#!/bin/sh
echo x >>"$CALLS"
[ "$(wc -l <"$CALLS")" -eq "$KILL_AT" ] && kill -9 "$PPID" && exit 1
exec "$REAL_GIT" "$@"
"""


@pytest.mark.slow
def test_a_kill_before_every_call_of_git(library: ConfigLibrary, logs: Path, git, tmp_path: Path) -> None:
    """Random moments can miss a narrow gap; the gaps are between the Git commands, so this meets them all."""
    import shutil

    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    wrapper = bin_folder / "git"
    wrapper.write_text(WRAPPER)
    wrapper.chmod(0o755)
    env = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "REAL_GIT": str(shutil.which("git"))}
    acknowledged: set[str] = set()
    for kill_at in range(1, 100):
        start_jobs(library, logs / "autotvm/t0_tvmgitlib_matmul_grid.log", 1)
        calls = tmp_path / "calls"
        calls.unlink(missing_ok=True)
        command = [sys.executable, "-c", FINISH, str(library.path)]
        options = {"CALLS": str(calls), "KILL_AT": str(kill_at)}
        done = subprocess.run(
            command, env={**os.environ, **env, **options}, capture_output=True, text=True, check=False
        )
        plain = subprocess.run(
            ["git", "-C", library.path, "commit", "-q", "-a", "-m", "x"], capture_output=True, check=False
        )
        assert plain.returncode != 0, "a plain commit found something to commit"
        jobs = library.open_jobs()
        library.check()
        acknowledged.update(library.finish_job(job.id).job or "" for job in jobs)
        assert_whole(library.path, acknowledged, git)
        if done.returncode == 0:
            break
    else:
        pytest.fail("the commit never came to its end")
    assert kill_at > 8  # a commit calls Git as often
    assert_connected(library.path)
