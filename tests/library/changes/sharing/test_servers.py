"""Sharing over real servers on the loopback interface: git daemon, and git http-backend behind a small HTTP server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
MakeLog = Callable[..., Path]


def round_trip(url: str, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    git(library.path, "remote", "add", "origin", url)
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.sync()
    other = ConfigLibrary.clone(url, tmp_path / "other")
    other.import_logs(make_log("dense", [1e-3]), platform="box")
    other.sync()
    assert len(library.sync().received) == 1
    assert library.commit == other.commit
    assert [config.cost for config in library.best()] == [1e-3]


def test_git_daemon(daemon: Any, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    round_trip(f"git://127.0.0.1:{daemon.port}/team.git", library, make_log, git, tmp_path)


def test_http_backend(http: str, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path) -> None:
    round_trip(http, library, make_log, git, tmp_path)


_WORK = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for log in sys.argv[2:]:
    library.import_logs(log, platform="box")
    library.sync()
"""


@pytest.mark.parametrize(
    ("many", "each"),
    [pytest.param(3, 3, marks=pytest.mark.slow), pytest.param(8, 10, marks=pytest.mark.soak)],
)
def test_the_jobs_of_many_clones_arrive_though_the_server_is_killed_and_restarted(
    daemon: Any, served: Path, library: ConfigLibrary, make_log: MakeLog, git: Git, tmp_path: Path, many: int, each: int
) -> None:
    url = f"git://127.0.0.1:{daemon.port}/team.git"
    git(library.path, "remote", "add", "origin", url)
    library.configure("push", "branch")
    library.sync()
    clones = [ConfigLibrary.clone(url, tmp_path / f"clone-{number}") for number in range(many)]
    workers = []
    for number, clone in enumerate(clones):
        logs = [str(make_log(f"dense{round % 3}", [1e-3 + 1e-6 * (each * number + round)])) for round in range(each)]
        command = [sys.executable, "-c", _WORK, str(clone.path), *logs]
        workers.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    # Not for as long as they work: where a push takes longer than a second, none would get through.
    for _ in range(2 * each):
        time.sleep(1)
        daemon.kill()
        time.sleep(0.3)
        daemon.start()
    for worker in workers:
        _, said = worker.communicate()
        assert worker.returncode == 0, said
    final = ConfigLibrary.clone(url, tmp_path / "final")
    assert len({entry.job for entry in final.log()}) == many * each
    assert git(served / "team.git", "rev-list", "--merges", "main") == ""
    assert git(served / "team.git", "fsck", "--no-dangling") == ""
    assert final.check() == []
    for clone in clones:
        clone.sync()
        assert clone.commit == final.commit
        assert git(clone.path, "status", "--porcelain") == ""
