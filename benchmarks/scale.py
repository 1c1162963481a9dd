"""What commands cost in libraries of different sizes, as ratios to the smallest: time of the processor, and memory.

    scale.py [--jobs N,N,...] [--libraries FOLDER] [--json]

Libraries come from `libraries.py`, are kept in the folder, and are made where they are missing. Each command runs in a
process of its own, on a copy if it writes, once to warm up and then three times; the fastest counts. The floor is a
process that imports nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from libraries import TVM, make

from tvmgitlib import ConfigLibrary

LOG = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs" / "autotvm" / "t1_tvmgitlib_matmul_ga.log"
PLATFORM = "board-0001"
IDENTITY = {f"GIT_{who}_{what}": f"bench@{who}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
REPEAT = 3


class Usage(NamedTuple):
    """What a process and its children used: seconds of the processor, and the most memory in MB (2**20 bytes)."""

    seconds: float
    peak: float


def commands(job: str) -> dict[str, tuple[bool, list[str]]]:
    """The command lines, each with whether it writes."""
    tvm = f"{TVM.distribution}=={TVM.version}"
    return {
        "best of one workload": (False, ["best", "--platform", PLATFORM, "--workload", "matmul(64, 64, 64,"]),
        "trials of a platform": (False, ["trials", "--platform", PLATFORM]),
        "log -n 20": (False, ["log", "-n", "20"]),
        "job show": (False, ["job", "show", job]),
        "platform show": (False, ["platform", "show", PLATFORM]),
        "blame of a platform": (False, ["blame", "--platform", PLATFORM]),
        "check": (False, ["check"]),
        "import": (True, ["import", str(LOG), "--platform", "another", "--tvm", tvm]),
        "revert": (True, ["revert", job]),
        "invalidate": (True, ["invalidate", "--job", job, "--reason", "measured beside another job"]),
    }


def used(command: list[str]) -> Usage:
    """Run a command and see what it used."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | IDENTITY)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{command}: exit code {process.returncode}\n{said.read().decode(errors='replace')}")
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def measured(library: Path, arguments: list[str], *, writes: bool) -> Usage:
    """The fastest of some runs."""
    found = []
    for turn in range(REPEAT + 1):
        with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
            where = Path(shutil.copytree(library, Path(scratch, "copy"))) if writes else library
            usage = used([sys.executable, "-m", "tvmgitlib", "-C", str(where), *arguments])
        if turn:
            found.append(usage)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=lambda text: [int(part) for part in text.split(",")], default=[1_000, 10_000])
    parser.add_argument("--libraries", type=Path, default=Path(tempfile.gettempdir()) / "tvmgitlib-libraries")
    parser.add_argument("--json", action="store_true", dest="as_json")
    told = parser.parse_args()
    rows: dict[str, dict[int, Usage]] = {}
    for jobs in told.jobs:
        path = told.libraries / str(jobs)
        library = ConfigLibrary(path) if path.exists() else make(path, jobs)
        (entry,) = library.log(limit=1)
        for name, (writes, arguments) in commands(entry.job).items():
            rows.setdefault(name, {})[jobs] = measured(path, arguments, writes=writes)
    floor = min(used([sys.executable, "-c", "pass"]) for _ in range(REPEAT))
    if told.as_json:
        print(
            json.dumps(
                {"floor": floor._asdict(), **{n: {j: u._asdict() for j, u in r.items()} for n, r in rows.items()}}
            )
        )
        return
    first = told.jobs[0]
    print(f"floor: {floor.seconds:.3f} s of the processor, {floor.peak:.0f} MB")
    for name, row in rows.items():
        cells = [f"{usage.seconds / row[first].seconds:5.2f} x {usage.peak:5.0f} MB" for usage in row.values()]
        print(f"{name:24} {row[first].seconds / floor.seconds:5.1f} x floor | {' | '.join(cells)}")


if __name__ == "__main__":
    main()
