"""Ansor's logs: what a tuner writes into a job, and what it is given to read."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.loading import readable, why_unreadable
from tvmgitlib.model import TuningRecord


@cache
def _folder() -> Path:
    """Where this process puts its temporary logs."""
    folder = tempfile.TemporaryDirectory(prefix="tvmgitlib-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def temporary_log(records: Iterable[TuningRecord]) -> str:
    """The path of a new log of the records, each line once; without those whose target this TVM cannot read."""
    lines = {
        readable("ansor", record.native, record.target): None
        for record in records
        if why_unreadable(record.target) is None
    }
    with tempfile.NamedTemporaryFile("wb", suffix=".json", dir=_folder(), delete=False) as file:
        file.writelines(line + b"\n" for line in lines)
    return file.name


def logged(record: TuningRecord) -> Any:
    """The measured input of a record: its task, and its state."""
    from tvm.auto_scheduler.measure_record import load_record_from_string

    return load_record_from_string(readable("ansor", record.native, record.target).decode())[0]


@cache
def recorder() -> Callable[[Callable[[], Journal]], Any]:
    """The class of measure callbacks."""
    from tvm.auto_scheduler.measure import PythonBasedMeasureCallback
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    class RecordToJob(PythonBasedMeasureCallback):  # type: ignore[misc]  # TVM is not typed
        """Logs as `RecordToFile` does, and is on the disk when it returns."""

        def __init__(self, journal: Callable[[], Journal]) -> None:
            super().__init__()
            self._journal = journal

        def callback(self, policy: Any, inputs: Any, results: Any) -> None:
            lines = (dump_record_to_string(*pair).rstrip("\n") for pair in zip(inputs, results, strict=True))
            self._journal().append(lines)

    return RecordToJob
