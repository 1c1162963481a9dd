"""Ansor's logs: what a tuner writes into a job, and what it is given to read."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.runners import note_caller
from tvmgitlib.model import TuningRecord


@cache
def _folder() -> Path:
    """Where this process puts its temporary logs."""
    folder = tempfile.TemporaryDirectory(prefix="tvmgitlib-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def temporary_log(records: Iterable[TuningRecord]) -> str:
    """The path of a new log of the records, each line once."""
    with tempfile.NamedTemporaryFile("wb", suffix=".json", dir=_folder(), delete=False) as file:
        file.writelines(native + b"\n" for native in dict.fromkeys(record.native for record in records))
    return file.name


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
            journal = self._journal()
            note_caller(journal)
            journal.append(lines)

    return RecordToJob
