"""What other workloads' trials are worth to one that was never tuned: each workload is held out in turn.

    python benchmarks/warm_start.py FOLDER... [--seeds 3] [--json FILE]

A folder holds whole AutoTVM logs (all trials, in their order), in any folders below it; each folder with logs is taken
for one platform, and each `-model` in it for another. Of a held-out workload only configs that its own run measured can
be tried, so a suggestion stands for the nearest of them. Everything learned comes from other workloads of the same
operator, target and platform. How many trials it takes to come within 95 % of the run's best:

    recorded   the run's own order
    random     by chance (median of 21)
    cold       a simulated XGBTuner: 64 at random, then 64 by a model of these, the last 3 of them at random, and so on
    snapped    the nearest workloads' best, snapped, and no model
    warm       16 suggestions, the second 8 of them with the results of the first, then the same tuner as `cold`

`worst` is how far a warm start came in behind the cold one: of the medians over the seeds, and of a single seed.
`first` is the share of the best that the first suggestion has. Runs with fewer than 20 working configs, and workloads
that nothing can be said of (no other one is there), are left out and counted.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from warming.replay import replay
from warming.tables import Row, medians, ratio, table

from tvmgitlib.rules.suggesting import model_at_hand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write each held-out run, a line each")
    told = parser.parse_args()
    if not model_at_hand():
        parser.error("XGBoost is not installed: pip install tvmgitlib[warm-start]")
    rows, left_out = replay(told.folders, told.seeds)
    print(f"{len(rows)} runs held out, {left_out} left out\n")
    if told.json:
        told.json.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for title, gpu in (("CPUs", False), ("GPUs", True)):
        mine = [row for row in rows if row["gpu"] is gpu]
        for by in ("op", "platform"):
            groups: defaultdict[str, list[Row]] = defaultdict(list)
            for row in mine:
                groups[row[by]].append(row)
            if groups:
                print(table(f"{title} by {by}", {**dict(sorted(groups.items())), "all": mine}, summary))


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "runs": len(rows),
        **medians(rows, ("recorded", "random", "cold", "snapped", "warm")),
        "warm/recorded": ratio(rows, "warm", "recorded"),
        "warm/cold": ratio(rows, "warm", "cold"),
        **medians(rows, ("first",)),
        "worst median": max(row["warm"] - row["cold"] for row in rows),
        "worst seed": max(row["behind"] for row in rows),
    }


if __name__ == "__main__":
    main()
