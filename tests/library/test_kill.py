"""Killed at any moment, a command loses nothing it acknowledged, and the next command goes on by itself."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killing import assert_connected, assert_whole, kill, running, varied

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


def start_jobs(library: ConfigLibrary, log: Path, count: int) -> None:
    for number in range(count):
        library.begin_job(platform="board").log.write_bytes(varied(log, number))


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
def test_six_kills(library: ConfigLibrary, logs: Path, git) -> None:
    kills(library, logs / "autotvm/t0_tvmgitlib_matmul_grid.log", git, 6, 1)


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
