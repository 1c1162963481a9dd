"""What durable logging and skipping cost beside real AutoTVM tuning: the share of the time that is ours.

    python benchmarks/autotvm_overhead.py [TRIALS]

Needs hhb-tvm. Tunes the three small tasks of the live tests on this CPU; larger tasks only make the share smaller.
"""

from __future__ import annotations

import runpy
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tvmgitlib import ConfigLibrary

work = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "tests/live/autotvm_job.py")))


class Timed:
    """Calls something and adds up the time it takes, in seconds."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.seconds, self.calls = inner, 0.0, 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return self.inner(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - start
            self.calls += 1


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    tasks = work.tasks()
    with tempfile.TemporaryDirectory() as folder:
        library = ConfigLibrary.init(Path(folder, "library"))
        start = time.perf_counter()
        with library.job(work.TARGET) as job:
            log, tune, inner = Timed(job.callback()), Timed(job.tune), 0.0
            job.callback = lambda: log
            for task in tasks:
                tuner = work.tuner("random", task)
                tuner.tune = timed = Timed(tuner.tune)
                tune(tuner, trials, work.local())
                inner += timed.seconds
        total = time.perf_counter() - start
        assert job.result is not None
    print(f"{job.result.counts.read} trials in {total:.1f} s, of which")
    print(
        f"  callback     {log.seconds * 1e3:8.1f} ms  {log.seconds / tune.seconds:7.3%} of tuning, {log.calls} batches"
    )
    print(f"  skip, replay {(tune.seconds - inner) * 1e3:8.1f} ms  {(tune.seconds - inner) / tune.seconds:7.3%}")


if __name__ == "__main__":
    main()
