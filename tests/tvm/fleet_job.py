"""A shared job on a fleet, with a kernel in the place of each config; or as a process of its own, which kills itself.

    setsid python fleet_job.py LIBRARY PORT KERNEL KILL_AT

It does so, with all that it has started, when KILL_AT results are on the disk, in the middle of a batch, and the remote
knows of them.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
TRIALS = 6
SHARE = 0.5


def script(name: str) -> Any:
    return SimpleNamespace(**runpy.run_path(str(HERE / f"{name}.py")))


def job(library: Any) -> Any:
    """The job, which is resumed where it was interrupted, on whatever machine."""
    work = script("autotvm_job" if find_spec("tvm.autotvm") else "metaschedule_job")
    return library.job(work.TARGET, platform="nas", key="net", share=SHARE)


def task() -> Any:
    if find_spec("tvm.autotvm"):
        return script("autotvm_job").tasks()[-1]
    return script("metaschedule_job").matmul(script("farm").SIZE)


def tune(job: Any, task: Any, fleet: Any, kernel: Path) -> Any:
    """Tune with AutoTVM where there is one, else with MetaSchedule."""
    farm = script("farm")
    if find_spec("tvm.autotvm"):
        option = {"builder": farm.autotvm_builder(kernel), "runner": fleet}
        return job.tune(script("autotvm_job").tuner("random", task), TRIALS, option)
    builder = farm.metaschedule_builder(kernel)
    told = script("metaschedule_job").told(builder=builder, runner=fleet, num_trials_per_iter=TRIALS)
    return job.tune_tir(task, TRIALS, **told)


def main() -> None:
    from tvmgitlib import ConfigLibrary

    path, port, kernel, kill_at = sys.argv[1:]
    library, farm, count = ConfigLibrary(path), script("farm"), int(kill_at)

    def kill() -> None:
        while sum(claim.shared.trials for claim in library.shared_jobs()) < count:
            time.sleep(SHARE)
        os.killpg(0, signal.SIGKILL)

    with job(library) as live:
        live.journal.watch(farm.when_logged(count, kill, live))
        tune(live, task(), farm.fleet(f"127.0.0.1:{port}"), Path(kernel))


if __name__ == "__main__":
    main()
