"""What it costs that a server judges each push: the same pushes to two servers, of which one has the hook.

    hook.py [--jobs 1000] [--pushes 9] [--json]

A library of that many jobs is cloned; jobs of one small log each are finished and sent, in turn to a bare repository
with the hook and to one without, both behind `git daemon` on the loopback interface. Measured are the medians of the
whole command (`tvmgitlib job finish --push` as an import) and of the bare `git push` of one job, and their ratios, by
the clock and in seconds of CPU of both sides; and what a clone, and the first question to a library that nobody has
proven here, take beside the same once it is proven.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from pathlib import Path

from libraries import make
from servers import log, serve

from tvmgitlib import ConfigLibrary


def timed(call: Callable[[], object]) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


def used(daemon: int) -> float:
    """The seconds of CPU that this process's children have taken, and those of a `git daemon`, which Git runs."""
    task = Path(f"/proc/{daemon}/task/{daemon}/children").read_text().split()
    told = Path(f"/proc/{task[0] if task else daemon}/stat").read_text().rpartition(")")[2].split()
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def tvmgitlib(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "tvmgitlib", *map(str, arguments)], check=True, capture_output=True)


def measure(scratch: Path, jobs: int, pushes: int) -> dict[str, float]:
    """The medians, in seconds, and the ratios."""
    whole = make(scratch / "library", jobs)
    served, url = scratch / "served", {}
    served.mkdir()
    process, port = serve(served)
    try:
        for kind in ("bare", "hook"):
            git(scratch, "clone", "--quiet", "--bare", str(whole.path), str(served / f"{kind}.git"))
            git(served / f"{kind}.git", "config", "daemon.receivepack", "true")
            url[kind] = f"git://127.0.0.1:{port}/{kind}.git"
        tvmgitlib("hook", "install", "--server", served / "hook.git")
        found = {"clone_unproven": timed(lambda: tvmgitlib("clone", url["bare"], scratch / "first"))}
        found["clone"] = timed(lambda: tvmgitlib("clone", url["bare"], scratch / "second"))
        taken: defaultdict[str, list[float]] = defaultdict(list)

        def take(name: str, call: Callable[[], object]) -> None:
            before = used(process.pid)
            taken[name].append(timed(call))
            time.sleep(0.1)  # until the daemon has heard of the end of its child
            taken[f"{name}, CPU"].append(used(process.pid) - before)

        clones = {kind: ConfigLibrary.clone(url[kind], scratch / kind).path for kind in url}
        for number in range(pushes + 1):
            text = log(scratch, number)
            for kind, clone in clones.items():
                arguments = ("-C", clone, "import", text, "--platform", "box")
                take(f"command {kind}", lambda: tvmgitlib(*arguments, "--push"))  # noqa: B023
                ConfigLibrary(clone).import_logs(log(scratch, 1000 + number), platform="box")
                take(f"push {kind}", lambda: git(clone, "push", "origin", "main"))  # noqa: B023
        found |= {name: statistics.median(times[1:]) for name, times in taken.items()}  # the first fills caches
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for what, unit in product(("command", "push"), ("", ", CPU")):
        found[f"{what} ratio{unit}"] = found[f"{what} hook{unit}"] / found[f"{what} bare{unit}"]
    return {name: round(value, 3) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--pushes", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="hook-"))
    try:
        found = measure(scratch, told.jobs, told.pushes)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(json.dumps(found) if told.json else "\n".join(f"{name:18} {value:8.3f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
