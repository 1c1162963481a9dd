"""Killing what writes to a library, and what that must leave: for the long tests here and the short ones elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tvmgitlib import ConfigLibrary


def varied(log: Path, number: int) -> bytes:
    """A real log as another run would have written it: other times, so other measurements."""
    lines = []
    for line in log.read_bytes().splitlines():
        document = json.loads(line)
        document["result"][0] = [cost * (1 + number / 1_000) for cost in document["result"][0]]
        document["result"][3] += 1_000 * number
        lines.append(json.dumps(document).encode())
    return b"\n".join(lines) + b"\n"


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
