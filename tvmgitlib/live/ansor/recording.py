"""Ansor's logs: what a tuner writes into a job, and what it is given to read."""

from __future__ import annotations

import atexit
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from tvmgitlib.families.ansor import FAILED
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.common import Held, note_caller, readable, why_unreadable
from tvmgitlib.model import ERROR_KINDS, ErrorKind, TuningRecord, Workload, read_json_with_gaps

#: How much is kept of what TVM calls a workload, in characters: a model may have it under many names.
_MOST: Final = 1024


@cache
def _folder() -> Path:
    """Where this process puts its temporary logs."""
    folder = tempfile.TemporaryDirectory(prefix="tvmgitlib-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def temporary_log(records: Iterable[TuningRecord]) -> str:
    """The path of a new log of the records, each line once.

    Without those whose target this TVM cannot read, or whose times can be none.
    """
    lines = {
        readable("ansor", record.native, record.target): None
        for record in records
        if record.unusable is None and why_unreadable(record.target) is None
    }
    with tempfile.NamedTemporaryFile("wb", suffix=".json", dir=_folder(), delete=False) as file:
        file.writelines(line + b"\n" for line in lines)
    return file.name


def logged(record: TuningRecord) -> Any:
    """The measured input of a record: its task, and its state."""
    from tvm.auto_scheduler.measure_record import load_record_from_string

    return load_record_from_string(readable("ansor", record.native, record.target).decode())[0]


def workload_of(task: Any) -> Workload:
    """What a task computes, and what TVM calls that: the functions of a model that the task stands for."""
    names = sorted(filter(None, str(task.desc or "").split(",")))  # TVM has them in any order
    return Workload("ansor", str(task.workload_key), desc=",".join(names)[:_MOST] or None)


def failed(kind: ErrorKind, text: str, all_cost: float = 0.0) -> Any:
    """A failure as a runner says it."""
    from tvm.auto_scheduler.measure import MeasureResult

    return MeasureResult([FAILED], ERROR_KINDS.index(kind) + 1, text, all_cost, time.time())


@cache
def recorder() -> Callable[..., Any]:
    """The class of measure callbacks."""
    from tvm.auto_scheduler.measure import PythonBasedMeasureCallback
    from tvm.auto_scheduler.measure_record import dump_record_to_string

    class RecordToJob(PythonBasedMeasureCallback):  # type: ignore[misc]  # TVM is not typed
        """Logs as `RecordToFile` does, and is on the disk when it returns.

        Args:
            journal: gives the job's.
            held: interrupts that are held back; None where nobody holds them.
        """

        def __init__(self, journal: Callable[[], Journal], held: Held | None = None) -> None:
            super().__init__()
            self._journal = journal
            self._held = held or Held()

        def callback(self, policy: Any, inputs: Any, results: Any) -> None:
            journal = self._journal()
            note_caller(journal)
            pairs = list(zip(inputs, results, strict=False))
            if self._held.error is not None:  # Ctrl-C ends the builders too: that is no failure of what they built
                pairs = [(measured, result) for measured, result in pairs if result.error_no == 0]
            for measured, _ in pairs:
                journal.describe(workload_of(measured.task))
            journal.append(line(journal, *pair) for pair in pairs)
            self._held.heed()

    def line(journal: Journal, measured: Any, result: Any) -> str:
        text = str(dump_record_to_string(measured, result)).rstrip("\n")
        if not read_json_with_gaps(text.encode())[1]:
            return text
        # C++ writes what is no number as "nan", at which TVM's reader gives up the whole log.
        journal.note_unusable("a time that is no number")
        return str(dump_record_to_string(measured, failed("unknown", "a time is no number"))).rstrip("\n")

    return RecordToJob
