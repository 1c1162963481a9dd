"""Time and memory of `tvmgitlib import` on a long log, against bare parsing of the same lines in the same run.

    import_speed.py [--lines N] [--repeat N] [--pick-best --hhb PYTHON]

The log is made of real AutoTVM records: each is used again and again with other config values, costs and times. It is
the same on every run. `--pick-best` measures TVM's own `autotvm.record.pick_best` too, in the Python of `--hhb`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

LOGS = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs" / "autotvm"
LINES = 62_000
TARGET_MB = 150
PICK_BEST = "import sys; from tvm.autotvm.record import pick_best; pick_best(sys.argv[1], sys.argv[2])"
IDENTITY = {f"GIT_{who}_{what}": f"bench@{who}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Usage(NamedTuple):
    """What a process used: wall-clock seconds, and its peak memory in MB (2**20 bytes)."""

    seconds: float
    peak: float


def varied(lines: int) -> Iterator[bytes]:
    """That many lines made of the real ones."""
    real = [json.loads(line) for path in sorted(LOGS.glob("t[012]_*.log")) for line in path.open("rb")]
    chance = random.Random(0)
    for number in range(lines):
        record = chance.choice(real)
        entity = [
            [knob, kind, [-1, *(chance.randint(1, 512) for _ in value[1:])] if kind == "sp" else value]
            for knob, kind, value in record["config"]["entity"]
        ]
        config = record["config"] | {"index": chance.randrange(10**6), "entity": entity}
        costs, error, all_cost, _ = record["result"]
        costs = costs if error else [cost * chance.uniform(0.5, 2) for cost in costs]
        result = [costs, error, all_cost, 1_795_000_000 + number * 0.731]
        yield json.dumps(record | {"config": config, "result": result}).encode() + b"\n"


def write(log: Path, lines: int) -> None:
    # Line by line: Linux gives a child the peak memory of its parent to begin with, so this process must stay small.
    with log.open("wb") as file:
        file.writelines(varied(lines))


def used_by(command: list[str], **environment: str) -> Usage:
    """Run a command and see what it used (its own children not counted)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    _, status, resources = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return Usage(time.perf_counter() - start, resources.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))


def bare(log: Path) -> float:
    """Seconds of an `orjson.loads` loop over the lines."""
    start = time.perf_counter()
    with log.open("rb") as file:
        for line in file:
            orjson.loads(line)
    return time.perf_counter() - start


def imported(log: Path, library: Path) -> Usage:
    """An import into a new library."""
    tvmgitlib = [sys.executable, "-m", "tvmgitlib"]
    used_by([*tvmgitlib, "init", str(library)], **IDENTITY)
    return used_by([*tvmgitlib, "-C", str(library), "import", str(log), "--platform", "bench"], **IDENTITY)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=LINES, help="how long the log is [%(default)s]")
    parser.add_argument("--repeat", type=int, default=3, help="take the best of so many runs [%(default)s]")
    parser.add_argument("--pick-best", action="store_true", help="measure TVM's pick_best too; needs --hhb")
    parser.add_argument("--hhb", metavar="PYTHON", help="the Python of an environment with hhb-tvm")
    options = parser.parse_args()
    if options.pick_best and not options.hhb:
        parser.error("--pick-best needs --hhb PYTHON")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        log, one = folder / "long.log", folder / "one.log"
        write(log, options.lines)
        write(one, 1)
        floor = min(bare(log) for _ in range(options.repeat))
        empty = imported(one, folder / "empty")
        rows = [
            ("bare orjson.loads loop", floor, None),
            ("tvmgitlib import of 1 line", *empty),
            ("tvmgitlib import", *min(imported(log, folder / f"library-{run}") for run in range(options.repeat))),
        ]
        if options.pick_best:
            command = [options.hhb, "-c", PICK_BEST, str(log), str(folder / "best.log")]
            rows.append(("TVM's pick_best", *used_by(command)))
        print(f"{options.lines:,} lines, {log.stat().st_size / 2**20:.0f} MB; best of {options.repeat}\n")
        print(f"{'':28}{'seconds':>9}{'ratio':>8}{'peak MB':>9}{'above 1 line':>14}")
        for name, seconds, peak in rows:
            memory = f"{peak:9.0f}{peak - empty.peak:14.0f}" if peak is not None else ""
            print(f"{name:28}{seconds:9.2f}{seconds / floor:8.1f}{memory}")
        above = rows[2][2] - empty.peak
        print(f"\nThe import used {above:.0f} MB more than that of one line; at most {TARGET_MB} are allowed.")
        sys.exit(above > TARGET_MB)


if __name__ == "__main__":
    main()
