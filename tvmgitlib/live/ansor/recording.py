"""Ansor's logs: what a tuner writes into a job, and what it is given to read."""

from __future__ import annotations

import atexit
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tvmgitlib.families.ansor import FAILED
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.runners import note_caller
from tvmgitlib.model import ERROR_KINDS, ErrorKind, TuningRecord, read_json_with_gaps


@cache
def _folder() -> Path:
    """Where this process puts its temporary logs."""
    folder = tempfile.TemporaryDirectory(prefix="tvmgitlib-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def temporary_log(records: Iterable[TuningRecord]) -> str:
    """The path of a new log of the records, each line once; without those whose times can be none."""
    natives = dict.fromkeys(record.native for record in records if record.unusable is None)
    with tempfile.NamedTemporaryFile("wb", suffix=".json", dir=_folder(), delete=False) as file:
        file.writelines(native + b"\n" for native in natives)
    return file.name


def failed(kind: ErrorKind, text: str, all_cost: float = 0.0) -> Any:
    """A failure as a runner says it."""
    from tvm.auto_scheduler.measure import MeasureResult

    return MeasureResult([FAILED], ERROR_KINDS.index(kind) + 1, text, all_cost, time.time())


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
            journal = self._journal()
            note_caller(journal)
            journal.append(line(journal, *pair) for pair in zip(inputs, results, strict=False))

    def line(journal: Journal, measured: Any, result: Any) -> str:
        text = str(dump_record_to_string(measured, result)).rstrip("\n")
        if not read_json_with_gaps(text.encode())[1]:
            return text
        # C++ writes what is no number as "nan", at which TVM's reader gives up the whole log.
        journal.note_unusable("a time that is no number")
        return str(dump_record_to_string(measured, failed("unknown", "a time is no number"))).rstrip("\n")

    return RecordToJob
