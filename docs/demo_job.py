"""A tuning script that can be run at any time: it skips what is tuned, and goes on where it was interrupted.

    python docs/demo_job.py LIBRARY TRIALS KERNEL...

Run it, kill it, run it again: what is tuned well enough costs nothing, and nothing is measured twice.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from math import inf
from statistics import fmean
from typing import Any

from demo_kernels import KERNELS, host_target

from tvmgitlib import ConfigLibrary, TvmgitlibError
from tvmgitlib.live.at_hand import fast_imports

BATCH = 4
SEED = 1  # a search that is begun anew proposes the same schedules again: those that have been measured are passed over


def tune(library: ConfigLibrary, names: list[str], trials: int) -> None:
    """Bring kernels to as many trials on record; what is measured is one job, and so one commit."""
    with library.job(host_target(), tuner="evolutionary-search") as job:
        for name in names:
            task = KERNELS[name]().module
            effort = job.effort(task)
            recorded = effort.trials if effort is not None else 0
            if job.is_tuned(task, trials):
                print(f"  {name}: skipped, {recorded} trials on record")
                continue
            callbacks = [*default_callbacks(), progress(recorded)]
            measured = job.tune_tir(task, trials, num_trials_per_iter=BATCH, seed=SEED, measure_callbacks=callbacks)
            print(f"  {name}: {recorded} trials were on record, {measured} measured now")


def default_callbacks() -> list[Any]:
    """What MetaSchedule does after a batch."""
    from tvm.s_tir.meta_schedule.measure_callback import MeasureCallback

    return list(MeasureCallback.create("default"))


def progress(recorded: int = 0) -> Any:
    """A MetaSchedule callback that prints one line a batch.

    Args:
        recorded: trials of the kernel that were made before.
    """
    from tvm.ir.utils import derived_object
    from tvm.s_tir.meta_schedule.measure_callback import PyMeasureCallback

    seen: dict[str, list[float]] = {}

    @derived_object
    class Progress(PyMeasureCallback):  # type: ignore[misc]  # TVM has no types
        def apply(self, scheduler: Any, task_id: int, _candidates: Any, _builds: Any, results: Any) -> None:
            name = str(scheduler.tasks_[task_id].ctx.task_name)
            costs = seen.setdefault(name, [])
            costs += [fmean(map(float, r.run_secs)) if r.run_secs is not None else inf for r in results]
            print(f"  {name}: {recorded + len(costs)} trials, best {microseconds(min(costs))}", flush=True)

    return Progress()


def microseconds(seconds: float) -> str:
    """A latency for people."""
    return f"{seconds * 1e6:.1f} us"


def prepare() -> None:
    """Make this process fit for TVM: fast to import it, without its tables, and to be ended by Ctrl-C at once."""
    fast_imports()
    logging.getLogger("tvm.s_tir.meta_schedule").setLevel(logging.ERROR)  # or it prints a table after every batch
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a KeyboardInterrupt in the middle of its search crashes TVM


def main() -> None:
    """Tune what is not tuned yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("trials", type=int, help="how many shall be on record for each kernel")
    parser.add_argument("kernels", nargs="+", choices=KERNELS, metavar="kernel", help=", ".join(KERNELS))
    arguments = parser.parse_args()
    logging.basicConfig(format="  %(message)s", stream=sys.stdout)
    logging.getLogger("tvmgitlib").setLevel(logging.INFO)
    prepare()
    try:
        tune(ConfigLibrary(arguments.library), arguments.kernels, arguments.trials)
    except TvmgitlibError as error:
        sys.exit(f"demo_job: {error}")


if __name__ == "__main__":
    main()
