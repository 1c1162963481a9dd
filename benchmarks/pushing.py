"""Many writers and one remote: how long a push takes, and until all is on the branch.

    pushing.py [--writers 16 64] [--jobs 5] [--push queue auto branch] [--server git http] [--json [FILE]]

Every writer is a process with a clone of its own, which finishes jobs of one small log each and sends each at once to a
bare repository behind `git daemon` or `git http-backend` on the loopback interface; under `queue`, one more process
folds meanwhile. Measured are the longest and the median push, from the moment that a job is committed, the time until
every job was pushed, how long after the last push every job was on the branch, and how many are there (all of them).
Writers have imported what they need before they begin, as a process that tunes has. Everything runs on this machine, so
the figures grow with the writers that share its cores, and with whatever else it does: the load before is that of the
last minute, making the clones included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from servers import log, serving

from tvmgitlib import ConfigLibrary

#: Writers are forked from this process, which has imported everything.
FORKING = multiprocessing.get_context("fork")

#: How long to wait for jobs to come to the branch after the last push, in seconds.
PATIENCE = 120.0


def measure(scratch: Path, writers: int, jobs: int, push: str, server: str) -> dict[str, Any]:
    """One run."""
    team, all_jobs = scratch / "team.git", writers * jobs
    first = library_with_remote(scratch / "first", team, push)
    clones = [ConfigLibrary.clone(team.as_uri(), scratch / f"clone-{number}").path for number in range(writers)]
    logs = [[log(scratch, number * jobs + each) for each in range(jobs)] for number in range(writers)]
    go = FORKING.Event()
    pipes = [FORKING.Pipe(duplex=False) for _ in clones]
    told = zip(clones, logs, pipes, strict=True)
    processes = [FORKING.Process(target=write, args=(clone, mine, go, pipe[1])) for clone, mine, pipe in told]
    for process in processes:
        process.start()
    with serving(scratch, server) as address:
        for clone in (first.path, *clones):
            git(clone, "remote", "set-url", "origin", f"{address}/team.git")
        with folding(first.path, push == "queue"):
            load, start = os.getloadavg()[0], time.monotonic()
            go.set()
            for process in processes:
                process.join()
            pushed = time.monotonic()
            while landed(team) < all_jobs and time.monotonic() < pushed + PATIENCE:
                time.sleep(0.1)
                if push == "auto":
                    first.sync()  # some may be in the queue, which nobody else folds
            ended = time.monotonic()
        final = ConfigLibrary.clone(f"{address}/team.git", scratch / "final")
    seconds = [
        each for process, pipe in zip(processes, pipes, strict=True) if not process.exitcode for each in pipe[0].recv()
    ]
    return {
        "push": push,
        "server": server,
        "writers": writers,
        "jobs": all_jobs,
        "load before": str(round(load, 1)),
        "landed": len(final.log()),
        "failed": sum(process.exitcode != 0 for process in processes),
        "sound": not final.check(full=True),
        "longest push": max(seconds),
        "median push": statistics.median(seconds),
        "until all were pushed": pushed - start,
        "on the branch after the last": ended - pushed,
        "until all were folded": ended - start,
    }


def library_with_remote(path: Path, team: Path, push: str) -> ConfigLibrary:
    """A library whose remote is a new bare repository that may be pushed to."""
    library = ConfigLibrary.init(path)
    git(path, "init", "--quiet", "--bare", "-b", "main", str(team))
    git(team, "config", "http.receivepack", "true")
    git(path, "remote", "add", "origin", team.as_uri())
    library.configure("push", push)
    library.fold_queue()
    return library


def write(path: Path, logs: list[Path], go: Any, answer: Any) -> None:
    """What a writer does once it may: jobs; it answers how long each push took."""
    go.wait()
    answer.send([finish(ConfigLibrary(path), each) for each in logs])


def finish(library: ConfigLibrary, log: Path) -> float:
    """Finish a job of this log and send it; how long that took since it was committed, in seconds."""
    committed = []
    job = library.begin_job(platform="box")
    shutil.copy(log, job.log)
    library.finish_job(job.id, push=True, committed=lambda _: committed.append(time.monotonic()))
    return time.monotonic() - committed[0]


@contextmanager
def folding(path: Path, is_wanted: bool) -> Iterator[None]:
    """A process that folds the queue all the time, where that is wanted."""
    if not is_wanted:
        yield
        return
    command = [sys.executable, "-m", "tvmgitlib", "-C", str(path), "fold", "--queue", "--watch", "--every", "1"]
    folder = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        folder.send_signal(signal.SIGINT)
        folder.wait()


def landed(team: Path) -> int:
    """How many jobs are on the branch."""
    return git(team, "ls-tree", "-r", "--name-only", "main", "jobs/").count(".jsonl\n")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def import_everything() -> None:
    """Send a job and fold it, so that whoever is forked from this process has imported what that takes."""
    with tempfile.TemporaryDirectory() as scratch:
        library = library_with_remote(Path(scratch) / "library", Path(scratch) / "team.git", "queue")
        finish(library, log(Path(scratch), 0))
        library.fold_queue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, nargs="+", default=[16])
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--push", nargs="+", choices=["queue", "auto", "branch"], default=["queue", "branch"])
    parser.add_argument("--server", nargs="+", choices=["git", "http"], default=["git"])
    parser.add_argument("--json", nargs="?", type=argparse.FileType("a"), const=sys.stdout, metavar="FILE")
    told = parser.parse_args()
    import_everything()
    for writers, server, push in product(told.writers, told.server, told.push):
        with tempfile.TemporaryDirectory() as scratch:
            result = measure(Path(scratch), writers, told.jobs, push, server)
        if told.json is not None:
            print(json.dumps(result), file=told.json, flush=True)
        if told.json is not sys.stdout:
            shown = ", ".join(f"{k} {v:.1f} s" if isinstance(v, float) else f"{k} {v}" for k, v in result.items())
            print(shown, flush=True)


if __name__ == "__main__":
    main()
