"""Runs kept as jobs of libraries, so that a benchmark that was interrupted goes on where it was."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

from tvmgitlib import ConfigLibrary
from tvmgitlib.live.job import Job

#: What every job of a benchmark calls the machine that it runs on.
PLATFORM = "this-machine"


def library_at(path: Path) -> ConfigLibrary:
    """The library of a folder, made if none is there yet."""
    return ConfigLibrary(path) if path.exists() else ConfigLibrary.init(path)


def costs_of(library: ConfigLibrary, target: object, key: str, tune: Callable[[Job], object]) -> list[float]:
    """What the trials of a job took, in seconds and in their order; infinite for a failure. A missing job is run.

    Args:
        library: whose job it is.
        target: the job's.
        key: names it.
        tune: makes the trials.
    """
    job = job_of(library, key)
    if job is None:
        with library.job(target, platform=PLATFORM, key=key, options={"run": key}, keep_history=True) as live:
            tune(live)
        job = job_of(library, key)
    assert job is not None, "nothing was tuned"
    return [math.inf if record.error is not None else record.cost for record in library.kept_history(job)]


def job_of(library: ConfigLibrary, key: str) -> str | None:
    """The committed job of that key."""
    jobs = [entry.job for entry in library.log() if entry.kind == "tune"]
    return next((job for job in jobs if library.show_job(job).header.options.get("run") == key), None)


def without(library: ConfigLibrary, key: str, path: Path) -> ConfigLibrary:
    """A copy of a library in which the job of a key does not count."""
    if not path.exists():
        unfinished = path.with_name(f"{path.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        job = job_of(library, key)
        assert job is not None
        ConfigLibrary.clone(str(library.path), unfinished).revert(job, reason="held out")
        unfinished.rename(path)
    return ConfigLibrary(path)
