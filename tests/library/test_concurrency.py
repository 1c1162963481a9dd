"""Several processes write to one library at once, and nothing that one of them was told is done gets lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

FINISH = """
import json, sys
from pathlib import Path

from tvmgitlib import ConfigLibrary
library, log, first, count = ConfigLibrary(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
lines = [json.loads(line) for line in log.read_bytes().splitlines()]
for number in range(first, first + count):
    job = library.begin_job(platform="board" if number % 2 else "other")
    for line in lines:
        line["result"][0] = [1e-3 / (1 + number)]
        line["result"][3] += 1000 + number
    job.log.write_text("".join(json.dumps(line) + chr(10) for line in lines))
    result = library.finish_job(job.id)
    print(json.dumps(result.to_json()), flush=True)
"""


@pytest.mark.parametrize("count", [pytest.param(6, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.soak)])
def test_two_processes_finish_many_jobs_each(library: ConfigLibrary, logs: Path, git, count: int) -> None:
    log = logs / "autotvm/t1_tvmgitlib_matmul_ga.log"
    commands = [[sys.executable, "-c", FINISH, library.path, log, str(first), str(count)] for first in (0, count)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    told = [json.loads(line) for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    assert len({result["job"] for result in told}) == len({result["commit"] for result in told}) == 2 * count
    assert not any(result["left_alone"] for result in told)

    logged = library.log()
    assert {(entry.job, entry.commit) for entry in logged} == {(each["job"], each["commit"]) for each in told}
    assert git(library.path, "rev-list", "--count", "--no-merges", "HEAD").strip() == str(2 * count + 1)
    fold = library.trials()
    assert {effort.platform: len(effort.jobs) for effort in fold} == {"board": count, "other": count}
    best = {config.platform: config.cost for config in library.best()}
    assert best == {"board": 1e-3 / (2 * count), "other": 1e-3 / (2 * count - 1)}
    assert library.check() == []

    fsck = subprocess.run(["git", "-C", library.path, "fsck", "--full", "--strict"], capture_output=True, check=True)
    assert (fsck.stdout, fsck.stderr) == (b"", b"")
    assert git(library.path, "status", "--porcelain", "--untracked-files=all") == ""
    git(library.path, "diff-files", "--quiet")
    assert library.open_jobs() == []
    assert not list((library.path / ".git").glob("tvmgitlib-*"))


READ = """
import sys

from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for _ in range(20):
    assert all(config.cost > 0 for config in library.best())
    assert library.check() == [], library.check()
"""


@pytest.mark.slow
def test_readers_never_see_half_a_job(library: ConfigLibrary, logs: Path) -> None:
    log = logs / "autotvm/t1_tvmgitlib_matmul_ga.log"
    writer = subprocess.Popen([sys.executable, "-c", FINISH, library.path, log, "0", "8"], stdout=subprocess.DEVNULL)
    reader = subprocess.run([sys.executable, "-c", READ, library.path], capture_output=True, text=True, check=False)
    assert writer.wait() == 0
    assert reader.stderr == ""
