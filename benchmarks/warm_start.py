"""What other workloads' trials are worth to one that was never tuned: each workload is held out in turn.

    python benchmarks/warm_start.py FOLDER... [--seeds 3] [--json FILE]
    python benchmarks/warm_start.py --live autotvm [--tasks conv2d] [--work FOLDER] [--count 8] [--seeds 2] ...
    python benchmarks/warm_start.py --live metaschedule [--work FOLDER] [--count 7] [--seeds 1] ...

A folder holds whole AutoTVM logs (all trials, in their order), in any folders below it; each folder with logs is taken
for one platform, and each `-model` in it for another. Of a held-out workload only configs that its own run measured can
be tried, so a suggestion stands for the nearest of them. Everything learned comes from other workloads of the same
operator, target and platform. How many trials it takes to come within 95 % of the run's best:

    recorded   the run's own order
    random     by chance (median of 21)
    cold       a simulated XGBTuner: 64 at random, then 64 by a model of these, the last 3 of them at random, and so on
    loaded     TVM's own transfer learning: a real XGBTuner (its features too) after `load_history` of all trials of the
               other workloads; only with hhb-tvm, and of runs whose configs its templates take
    snapped    the nearest workloads' best, snapped, and no model
    warm       16 suggestions, the second 8 of them with the results of the first, then the same tuner as `cold`, and
               more suggestions for those that it has chosen itself

`worst` is how far a warm start came in behind the cold one: of the medians over the seeds, and of a single seed.
`first` is the share of the best that the first suggestion has. Runs with fewer than 20 working configs, and workloads
that nothing can be said of (no other one is there), are left out and counted.

`--live` really tunes small kernels on one core of this machine, in this process, and keeps the runs as jobs of
libraries in the folder of `--work`: a run that was interrupted goes on there. What is measured is the fastest of some
repeats. Every task is held out of a library of the others' cold runs by a revert of its own.

    autotvm       (hhb-tvm) trials to within 95 % of the best that any run of the task has found: of XGBTuner as it is,
                  and after a warm start; a run that does not come there counts for one more than a cold one has trials
    metaschedule  the first suggestion's share of the best known (while tuning, or built and measured beside it); and
                  whether what a build with it computes equals what an untuned build does (exactly: of whole numbers)
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from warming import live_autotvm, live_metaschedule
from warming.replay import replay
from warming.tables import Row, known, medians, ratio, table

from tvmgitlib.rules.suggesting import model_at_hand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seeds", type=int, help="how many times (3; 2 or 1 live)")
    parser.add_argument("--json", type=Path, help="write each held-out run, a line each")
    parser.add_argument("--live", choices=("autotvm", "metaschedule"), help="tune on this machine instead")
    parser.add_argument("--work", type=Path, help="where live runs are kept, to go on there; by default nowhere")
    parser.add_argument("--tasks", choices=("conv2d", "dense"), default="conv2d", help="what AutoTVM tunes")
    parser.add_argument("--count", type=int, help="how many tasks (8 of AutoTVM, 7 of MetaSchedule)")
    parser.add_argument("--trials", type=int, help="of a cold run (96; of MetaSchedule 64)")
    parser.add_argument("--warm-trials", type=int, default=48, help="of a warm run of AutoTVM")
    told = parser.parse_args()
    if bool(told.live) == bool(told.folders):
        parser.error("give folders of logs, or --live")
    if not model_at_hand():
        parser.error("XGBoost is not installed: pip install tvmgitlib[warm-start]")
    rows = live(told) if told.live else replayed(told)
    if told.json:
        told.json.write_text("".join(json.dumps(row) + "\n" for row in rows))


def replayed(told: argparse.Namespace) -> list[Row]:
    rows, left_out = replay(told.folders, told.seeds or 3)
    print(f"{len(rows)} runs held out, {left_out} left out")
    loaded = len(known(rows, "loaded"))
    print(f"load_history of AutoTVM: of {loaded} runs" if loaded else "load_history: no AutoTVM is at hand", end="\n\n")
    for title, gpu in (("CPUs", False), ("GPUs", True)):
        mine = [row for row in rows if row["gpu"] is gpu]
        for by in ("op", "platform"):
            groups = grouped(mine, by)
            if groups:
                print(table(f"{title} by {by}", {**groups, "all": mine}, of_replay))
    return rows


def live(told: argparse.Namespace) -> list[Row]:
    os.environ["TVM_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    with nullcontext(told.work) if told.work else TemporaryDirectory() as folder:
        work = Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        rows: list[Row]
        if told.live == "autotvm":
            rows = live_autotvm.compare(
                work, told.tasks, told.count or 8, told.seeds or 2, told.trials or 96, told.warm_trials
            )
        else:
            rows = live_metaschedule.compare(work, told.count or 7, told.seeds or 1, told.trials or 64)
    summary = of_autotvm if told.live == "autotvm" else of_metaschedule
    print()
    print(table("by workload", {**grouped(rows, "workload"), "all": rows}, summary))
    return rows


def grouped(rows: Sequence[Row], by: str) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return dict(sorted(groups.items()))


def of_replay(rows: Sequence[Row]) -> dict[str, Any]:
    loaded = known(rows, "loaded")
    return {
        "runs": len(rows),
        **medians(rows, ("recorded", "random", "cold")),
        **({"of them": len(loaded), **medians(loaded, ("loaded",))} if loaded else {"of them": 0, "loaded": math.nan}),
        **medians(rows, ("snapped", "warm")),
        "warm/recorded": ratio(rows, "warm", "recorded"),
        "warm/cold": ratio(rows, "warm", "cold"),
        "warm/loaded": ratio(loaded, "warm", "loaded") if loaded else math.nan,
        **medians(rows, ("first",)),
        "worst median": max(row["warm"] - row["cold"] for row in rows),
        "worst seed": max(row["behind"] for row in rows),
    }


def of_autotvm(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "runs": len(rows),
        **medians(rows, ("cold", "warm")),
        "warm/cold": ratio(rows, "warm", "cold"),
        **medians(rows, ("first", "cold best", "warm best")),
        "worst": max(row["warm"] - row["cold"] for row in rows),
    }


def of_metaschedule(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "runs": len(rows),
        **medians(rows, ("first", "tuned", "untuned")),
        "worst": min(row["first"] for row in rows),
        "equal outputs": sum(row["equal"] for row in rows),
    }


if __name__ == "__main__":
    main()
