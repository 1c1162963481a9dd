"""Killed in the middle of a revert, a merge or a sync: nothing acknowledged is lost, the next command goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]
MakeLog = Callable[..., Path]

#: Imports, reverts, merges and shares, and writes the id of each job whose commit is acknowledged.
_SHARE = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
print("ready", flush=True)
for argument in sys.argv[2:]:
    branch, log = argument.split("=", 1)
    job = library.import_logs(log, platform="box").job
    if job is not None:
        print(job, flush=True)
        print(library.revert(job).job, flush=True)
    print(*library.merge(branch).jobs, sep="\\n", flush=True)
    library.sync()
"""


def share_under_kills(
    seed: int, kills: int, library: ConfigLibrary, tmp_path: Path, make_log: MakeLog, git: Git
) -> None:
    rng = random.Random(seed)
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(library.path, "remote", "add", "origin", (tmp_path / "remote.git").as_uri())
    library.sync()
    arguments = []
    for number in range(3 * kills):
        git(library.path, "switch", "--quiet", "-c", f"side-{number}", "main")
        library.import_logs(make_log(f"side{number % 4}", [1e-3 * (number + 1)]), platform="box")
        arguments.append(f"side-{number}={make_log(f'main{number % 4}', [1e-3 * (number + 1)])}")
    git(library.path, "switch", "--quiet", "main")
    acknowledged: set[str] = set()
    for kill in range(kills):
        command = [sys.executable, "-c", _SHARE, str(library.path), *arguments[3 * kill : 3 * kill + 3]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 1.2))
            process.send_signal(signal.SIGKILL)
            acknowledged |= {line for line in process.stdout.read().split() if len(line) == 16}
        assert library.check() == []
        assert acknowledged <= {entry.job for entry in library.log()}
        assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
        assert list((library.path / ".git").rglob("*.lock")) == []
    library.sync()
    assert acknowledged <= {entry.job for entry in library.log()}
    assert library.check() == []
    assert git(library.path, "fsck", "--no-dangling") == ""
    clone = ConfigLibrary.clone(str(tmp_path / "remote.git"), tmp_path / "clone")
    assert clone.commit == library.commit


@pytest.mark.slow
def test_four_kills(library: ConfigLibrary, tmp_path: Path, make_log: MakeLog, git: Git) -> None:
    share_under_kills(0, 4, library, tmp_path, make_log, git)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 130))
def test_three_hundred_kills(seed: int, library: ConfigLibrary, tmp_path: Path, make_log: MakeLog, git: Git) -> None:
    share_under_kills(seed, 10, library, tmp_path, make_log, git)
