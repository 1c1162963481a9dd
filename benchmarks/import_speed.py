"""Time and memory of `tvmgitlib import` on long logs, against bare parsing of the same lines in the same run.

    import_speed.py [--lines N] [--repeat N] [--pick-best --hhb PYTHON] [--json]

The logs are made of real records of every family: each is used again and again with other config values, costs and
times. They are the same on every run. `reduce` is what is made of the lines without Git: parse, check, group, count and
keep the best; `import` is the whole command in a process of its own, less that of one line. Seconds are of CPU, which a
busy machine changes least. `--pick-best` measures TVM's own `autotvm.record.pick_best` too, in the Python of `--hhb`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from usage import Usage, used_by

LOGS = Path(__file__).resolve().parents[1] / "tests" / "data" / "tvm-logs"
LINES = 62_000
TARGET_MB = 100
PICK_BEST = "import sys; from tvm.autotvm.record import pick_best; pick_best(sys.argv[1], sys.argv[2])"
IDENTITY = {f"GIT_{who}_{what}": f"bench@{who}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

#: Makes lines out of lines: `varied(paths, lines)`.
Varied = Callable[[list[Path], int], Iterator[bytes]]


class Row(NamedTuple):
    """One thing measured: seconds of CPU, times that of the bare loop, and MB above an import of one line."""

    name: str
    seconds: float
    ratio: float
    above: float | None = None


def autotvm(paths: list[Path], lines: int) -> Iterator[bytes]:
    real = [json.loads(line) for path in paths for line in path.open("rb")]
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
        result = [costs, error, all_cost, 1_600_000_000 + number * 0.731]
        yield json.dumps(record | {"config": config, "result": result}).encode() + b"\n"


def ansor(paths: list[Path], lines: int) -> Iterator[bytes]:
    real = [json.loads(line) for path in paths for line in path.open("rb")]
    chance = random.Random(0)
    for number in range(lines):
        record = chance.choice(real)
        task, (stages, steps) = record["i"]
        steps = [
            [*step[:4], [chance.randint(1, 64) for _ in step[4]], *step[5:]] if step[0] == "SP" else step
            for step in steps
        ]
        costs, error, all_cost, _ = record["r"]
        costs = costs if error else [cost * chance.uniform(0.5, 2) for cost in costs]
        result = [costs, error, all_cost, 1_600_000_000 + number]
        yield json.dumps(record | {"i": [task, [stages, steps]], "r": result}).encode() + b"\n"


def metaschedule(paths: list[Path], lines: int) -> Iterator[bytes]:
    real = [json.loads(line) for path in paths for line in path.open("rb")]
    chance = random.Random(0)
    for _ in range(lines):
        workload, ((instructions, decisions), run_secs, target, args) = chance.choice(real)
        decisions = [
            [at, [chance.randint(1, 64) for _ in value] if isinstance(value, list) else value]
            for at, value in decisions
        ]
        run_secs = [cost * chance.uniform(0.5, 2) for cost in run_secs]
        record: list[Any] = [workload, [[instructions, decisions], run_secs, target, args]]
        yield json.dumps(record, separators=(",", ":")).encode() + b"\n"


def write(log: Path, varied: Varied, paths: list[Path], lines: int) -> Path:
    """Write a log, and give what an import is to be told: the file, or the folder of a database."""
    log.parent.mkdir(parents=True)
    with log.open("wb") as file:
        file.writelines(varied(paths, lines))
    workloads = paths[0].with_name("database_workload.json")
    if not workloads.exists():
        return log
    shutil.copy(workloads, log.parent)
    return log.parent


def tvmgitlib(*arguments: str) -> Usage:
    """Run one of our commands and see what it used."""
    return used_by([sys.executable, "-m", "tvmgitlib", *arguments], os.environ | IDENTITY)


def bare(log: Path) -> float:
    """Seconds of an `orjson.loads` loop over the lines."""
    start = time.process_time()
    with log.open("rb") as file:
        for line in file:
            orjson.loads(line)
    return time.process_time() - start


def reduced(path: Path) -> float:
    """Seconds that the lines take to become the tasks of a job."""
    from tvmgitlib.library.jobs.intake import Intake, Origin
    from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_runs, survey

    log = survey(path, Leniency())
    start = time.process_time()
    intake, remarks = Intake(Origin(platform="bench"), 1), Remarks()
    intake.extend(str(log.path), read_runs(log, Leniency(), remarks), remarks)
    return time.process_time() - start


def imported(path: Path, library: Path) -> Usage:
    """An import into a new library."""
    tvmgitlib("init", str(library))
    return tvmgitlib("-C", str(library), "import", str(path), "--platform", "bench")


def finished(path: Path, library: Path) -> Usage:
    """A job with that log, finished in a new library."""
    tvmgitlib("init", str(library))
    start = [sys.executable, "-m", "tvmgitlib", "-C", str(library), "--json", "job", "start", "--platform", "bench"]
    job = json.loads(subprocess.run(start, check=True, capture_output=True, env=os.environ | IDENTITY).stdout)
    shutil.copy(path, job["log"])
    return tvmgitlib("-C", str(library), "job", "finish")


def measure(folder: Path, log: Path, varied: Varied, paths: list[Path], lines: int, repeat: int) -> list[Row]:
    """What one family's log of so many lines takes."""
    long, one = (write(folder / name / log, varied, paths, count) for name, count in (("long", lines), ("one", 1)))
    file = folder / "long" / log
    # By turns, so that all see the same machine.
    floors, wholes, empties = zip(
        *(
            (bare(file), imported(long, folder / f"library-{run}"), imported(one, folder / f"empty-{run}"))
            for run in range(repeat)
        ),
        strict=True,
    )
    floor, whole, empty = min(floors), min(wholes), min(empties)
    beside, reductions = zip(*((bare(file), reduced(long)) for _ in range(repeat)), strict=True)
    rows = [
        Row("bare orjson.loads loop", floor, 1.0),
        Row("reduce", min(reductions), min(reductions) / min(beside)),
        Row("import", whole.seconds - empty.seconds, (whole.seconds - empty.seconds) / floor, whole.peak - empty.peak),
    ]
    if long == file:
        whole, empty = finished(long, folder / "long-job"), finished(one, folder / "empty-job")
        seconds = whole.seconds - empty.seconds
        rows.append(Row("finish", seconds, seconds / floor, whole.peak - empty.peak))
    return rows


def every_family(lines: int, repeat: int, hhb: str | None = None) -> dict[str, tuple[int, list[Row]]]:
    """What the logs of all families take, with the number of their lines.

    Args:
        lines: how long the AutoTVM log is; the others have 20,000 at most.
        repeat: the best of so many runs counts.
        hhb: the Python whose TVM's `pick_best` is measured too.
    """
    others = min(lines, 20_000)
    families: dict[str, tuple[Path, Varied, list[Path], int]] = {
        "autotvm": (Path("long.log"), autotvm, sorted((LOGS / "autotvm").glob("t[012]_*.log")), lines),
        "ansor": (Path("long.json"), ansor, sorted((LOGS / "ansor").glob("*.json")), others),
        "metaschedule": (
            Path("db/database_tuning_record.json"),
            metaschedule,
            [LOGS / "metaschedule" / "hhb_mm128" / "database_tuning_record.json"],
            others,
        ),
    }
    answers: dict[str, tuple[int, list[Row]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (log, varied, paths, count) in families.items():
            rows = measure(folder / name, log, varied, paths, count, repeat)
            answers[name] = count, rows
            if hhb is not None and name == "autotvm":
                command = [hhb, "-c", PICK_BEST, str(folder / name / "long" / log), str(folder / "best.log")]
                seconds = used_by(command, os.environ).seconds
                rows.append(Row("TVM's pick_best", seconds, seconds / rows[0].seconds))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=LINES, help="how long the AutoTVM log is [%(default)s]")
    parser.add_argument("--repeat", type=int, default=3, help="take the best of so many runs [%(default)s]")
    parser.add_argument("--pick-best", action="store_true", help="measure TVM's pick_best too; needs --hhb")
    parser.add_argument("--hhb", metavar="PYTHON", help="the Python of an environment with hhb-tvm")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.pick_best and not options.hhb:
        parser.error("--pick-best needs --hhb PYTHON")
    answers = every_family(options.lines, options.repeat, options.hhb if options.pick_best else None)
    above = max(row.above or 0.0 for _, rows in answers.values() for row in rows)
    if options.json:
        print(json.dumps({name: [row._asdict() for row in rows] for name, (_, rows) in answers.items()}))
    else:
        for name, (count, rows) in answers.items():
            print(f"\n{count:,} lines of {name}; best of {options.repeat}\n")
            print(f"{'':28}{'seconds':>9}{'ratio':>8}{'MB above 1 line':>17}")
            for row in rows:
                memory = f"{row.above:17.0f}" if row.above is not None else ""
                print(f"{row.name:28}{row.seconds:9.2f}{row.ratio:8.1f}{memory}")
        print(f"\nThe imports used up to {above:.0f} MB more than those of one line; at most {TARGET_MB} are allowed.")
    sys.exit(above > TARGET_MB)


if __name__ == "__main__":
    main()
