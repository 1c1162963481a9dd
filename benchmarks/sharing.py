"""What several people at one library cost: merging, sending, and finishing jobs at the same time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scale import LOG, git, told, undone, used

from tvmgitlib import ConfigLibrary

#: Finishes one job of each log, once it is told to begin.
_WRITER = """
import shutil, sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
input()
for log in sys.argv[2:]:
    job = library.begin_job(platform="box", tvm="hhb-tvm==0.16.dev0")
    shutil.copy(log, job.log)
    library.finish_job(job.id)
"""

#: Imports logs of one record, one after the other.
_ONE_BY_ONE = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
for log in sys.argv[2:]:
    library.import_logs(log, platform="board-0000")
"""


def logs(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Logs of one real record each, no two alike."""
    record = json.loads(LOG.read_bytes().splitlines()[0])
    costs, error, spent, _ = record["result"]
    paths = []
    for number in range(first, first + count):
        path = folder / f"{number}.log"
        result = [[cost * (1 - number * 1e-4) for cost in costs], error, spent, 1_600_000_000 + number]
        path.write_text(json.dumps(record | {"result": result}) + "\n")
        paths.append(path)
    return paths


def merge(path: Path, jobs: int = 100) -> float:
    """Merging two branches of so many new jobs each, to taking in the records of one of them one by one."""
    with tempfile.TemporaryDirectory() as temporary, undone(path):
        scratch, start = Path(temporary), git(path, "rev-parse", "HEAD")
        library, mine = ConfigLibrary(path), logs(scratch, jobs)
        for each in mine:
            library.import_logs(each, platform="board-0000")
        one = git(path, "rev-parse", "HEAD")
        git(path, "reset", "--quiet", "--hard", start)
        for each in logs(scratch, jobs, jobs):
            library.import_logs(each, platform="board-0001")
        other = git(path, "rev-parse", "HEAD")
        merging = told(path, "merge", one)
        git(path, "reset", "--quiet", "--hard", other)
        taking = used("-c", _ONE_BY_ONE, str(path), *map(str, mine))
        return merging.seconds / taking.seconds


def sync(path: Path, jobs: int = 10) -> float:
    """Seconds of sending so many jobs."""
    with with_remote(path), tempfile.TemporaryDirectory() as temporary, undone(path):
        library = ConfigLibrary(path)
        for each in logs(Path(temporary), jobs):
            library.import_logs(each, platform="board-0000")
        return told(path, "sync").seconds


@contextmanager
def with_remote(path: Path) -> Iterator[None]:
    """A library that has a remote, which has all that it has."""
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        remote = Path(temporary, "remote.git")
        git(path, "clone", "--quiet", "--bare", str(path), str(remote))
        git(path, "remote", "add", "origin", str(remote))
        try:
            git(path, "fetch", "--quiet", "origin")
            yield
        finally:
            git(path, "remote", "remove", "origin")
            for seen in git(path, "for-each-ref", "--format=%(refname)", "refs/tvmgitlib").split():
                git(path, "update-ref", "-d", seen)  # the next remote never had what went to this one


def writers(processes: int = 8, jobs: int = 10) -> float:
    """Several processes that finish so many jobs each, to one that finishes them all: time on the clock."""
    several, one = finishing(processes, jobs), finishing(1, processes * jobs)
    return several / one


def finishing(processes: int, jobs: int) -> float:
    """Seconds until processes have finished so many jobs each in a new library; none may fail."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        library = ConfigLibrary.init(folder / "library")
        of = [logs(folder, jobs, number * jobs) for number in range(processes)]
        pipe = subprocess.PIPE
        commands = [[sys.executable, "-c", _WRITER, str(library.path), *map(str, each)] for each in of]
        started = [subprocess.Popen(command, stdin=pipe, stderr=pipe, text=True) for command in commands]
        time.sleep(1)  # all of them have imported what they need
        begin = time.monotonic()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = [process.communicate()[1] for process in started]
        seconds = time.monotonic() - begin
        failed = [words for process, words in zip(started, said, strict=True) if process.returncode]
        if failed or len(library.log()) != processes * jobs:
            raise SystemExit(f"{len(failed)} of {processes} processes failed, {len(library.log())} jobs: {failed}")
        shutil.rmtree(library.path)
        return seconds
