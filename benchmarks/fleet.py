"""What a second board is worth: the same job on a fleet of one board and on one of two, measurements made slow.

    fleet.py [--trials 16] [--json]

Run it with a Python that has a TVM: AutoTVM's tuner measures where there is one, else MetaSchedule's. Tracker and
servers are TVM's own, on the loopback interface. Nothing is built for a config: each is the same kernel, which sleeps
for about half a second. Both jobs make the same trials with the same seed, after a short one that is not counted; what
is measured is the whole job, search, log and commit included, and the ratio of the two.
"""

from __future__ import annotations

import argparse
import json
import runpy
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tvmgitlib import ConfigLibrary

TESTS = Path(__file__).parents[1] / "tests" / "tvm"


def script(name: str) -> Any:
    return SimpleNamespace(**runpy.run_path(str(TESTS / f"{name}.py")))


def autotvm_job(library: ConfigLibrary, farm: Any, kernel: Path, fleet: Any, trials: int) -> Any:
    work = script("autotvm_job")
    task = work.tasks()[-1]
    begun = time.monotonic()
    with library.job(work.TARGET, platform="nas") as job:
        option = {"builder": farm.autotvm_builder(kernel), "runner": fleet}
        job.tune(work.tuner("random", task), trials, option, seed=1)
    return time.monotonic() - begun, job.result


def metaschedule_job(library: ConfigLibrary, farm: Any, kernel: Path, fleet: Any, trials: int) -> Any:
    work = script("metaschedule_job")
    function = work.matmul(farm.SIZE)
    told = work.told(builder=farm.metaschedule_builder(kernel), runner=fleet, num_trials_per_iter=trials)
    begun = time.monotonic()
    with library.job(work.live_target(), platform="nas") as job:
        job.tune_tir(function, trials, **told)
    return time.monotonic() - begun, job.result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    family, run = ("autotvm", autotvm_job) if find_spec("tvm.autotvm") else ("metaschedule", metaschedule_job)
    work = script("farm")
    farm = work.Farm()
    seconds: dict[int, float] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            kernel = work.build(Path(folder), "slow", "usleep", 1000)
            for boards, trials in ((1, 2), (1, told.trials), (2, told.trials)):
                farm.at(boards)
                library = ConfigLibrary.init(Path(folder) / f"{boards}-{trials}")
                seconds[boards], result = run(library, work, kernel, farm.fleet(), trials)
                assert (result.counts.read, result.counts.failed) == (trials, 0), result
    finally:
        farm.close()
    answer = {"family": family, "trials": told.trials, "one": seconds[1], "two": seconds[2]}
    answer["ratio"] = seconds[1] / seconds[2]
    text = "{family}: {trials} trials, {one:.1f} s on one board, {two:.1f} s on two: {ratio:.2f} x"
    print(json.dumps(answer) if told.json else text.format(**answer))


if __name__ == "__main__":
    main()
