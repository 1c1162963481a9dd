"""Many writers and one remote: how long a push takes, and until all is on the branch.

    pushing.py [--writers 16 64] [--jobs 5] [--push queue auto branch] [--server git http] [--json]

Every writer is a process with a clone of its own, which finishes jobs of one small log each and sends each at once to a
bare repository behind `git daemon` or `git http-backend` on the loopback interface; under `queue`, one more process
folds meanwhile. Measured are the longest and the median push, the time until every job is on the branch, and how many
are there (all of them). Everything runs on this machine, so the figures grow with the writers that share its cores, and
with whatever else it does: the load before is that of the last minute, making the clones included.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

from servers import log, serving

from tvmgitlib import ConfigLibrary

_WRITER = """
import json, sys, time
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
input()
for log in sys.argv[2:]:
    start = time.monotonic()
    library.import_logs(log, platform="box", push=True)
    print(json.dumps(time.monotonic() - start), flush=True)
"""


def measure(scratch: Path, writers: int, jobs: int, push: str, server: str) -> dict[str, Any]:
    """One run."""
    team = str(scratch / "team.git")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", team], check=True)
    subprocess.run(["git", "-C", team, "config", "http.receivepack", "true"], check=True)
    folder: subprocess.Popen[bytes] | None = None
    with serving(scratch, server) as address:
        url = f"{address}/team.git"
        first = ConfigLibrary.init(scratch / "first")
        subprocess.run(["git", "-C", str(first.path), "remote", "add", "origin", url], check=True)
        first.configure("push", push)
        first.fold_queue()
        processes = [_writer(scratch, url, number, jobs) for number in range(writers)]
        if push == "queue":
            command = [sys.executable, "-m", "tvmgitlib", "-C", str(first.path), "fold", "--queue", "--watch"]
            folder = subprocess.Popen([*command, "--every", "1"], stdout=subprocess.DEVNULL)
        try:
            load, start = os.getloadavg()[0], time.monotonic()
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            answers = [process.communicate() for process in processes]
            pushed = time.monotonic()
            final = ConfigLibrary.clone(url, scratch / "final")
            while len(final.log()) < writers * jobs and time.monotonic() < pushed + 120:
                time.sleep(0.2)
                final.sync()  # where nobody folds, this does
            ended = time.monotonic()
        finally:
            if folder is not None:
                folder.send_signal(signal.SIGINT)
                folder.wait()
        seconds = [json.loads(line) for out, _ in answers for line in out.split()]
        return {
            "push": push,
            "server": server,
            "writers": writers,
            "jobs": writers * jobs,
            "load before": str(round(load, 1)),
            "landed": len(final.log()),
            "failed": sum(process.returncode != 0 for process in processes),
            "sound": not final.check(),
            "longest push": max(seconds),
            "median push": statistics.median(seconds),
            "until all were pushed": pushed - start,
            "until all were folded": ended - start,
        }


def _writer(scratch: Path, url: str, number: int, jobs: int) -> subprocess.Popen[str]:
    """A process with a clone of its own, which begins when it is told a line."""
    clone = ConfigLibrary.clone(url, scratch / f"clone-{number}")
    logs = [str(log(scratch, number * jobs + each)) for each in range(jobs)]
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _WRITER, str(clone.path), *logs]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, nargs="+", default=[16])
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--push", nargs="+", default=["queue", "branch"])
    parser.add_argument("--server", nargs="+", choices=["git", "http"], default=["git"])
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    for writers, server, push in product(told.writers, told.server, told.push):
        with tempfile.TemporaryDirectory() as scratch:
            result = measure(Path(scratch), writers, told.jobs, push, server)
        if told.json:
            print(json.dumps(result), flush=True)
        else:
            shown = ", ".join(f"{k} {v:.1f} s" if isinstance(v, float) else f"{k} {v}" for k, v in result.items())
            print(shown, flush=True)


if __name__ == "__main__":
    main()
