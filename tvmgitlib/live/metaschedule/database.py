"""A job's MetaSchedule database: TVM's own two files, on the disk as soon as something was measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from msgspec import Struct

from tvmgitlib.families.metaschedule import ERROR_FILE, FAILED, RECORD_FILE, WORKLOAD_FILE
from tvmgitlib.families.values import unusable_times
from tvmgitlib.library.jobs import Journal, append_lines
from tvmgitlib.live.common import Failure
from tvmgitlib.live.metaschedule.tvm import meta_schedule
from tvmgitlib.model import ErrorKind, RecordError, TvmgitlibError, parse_target

#: How much of an error's text is kept, from its end, where the cause stands.
_TEXT = 4000


class Measured(Struct, frozen=True):
    """One trial.

    Attributes:
        trace: how the module was scheduled.
        args: what it was called with.
        costs: seconds; None for a failure.
        failure: why it failed; None for a success, and where nobody knows.
    """

    trace: Any
    args: Any
    costs: Any | None
    failure: Failure | None = None


def failure_of(text: str, *, built: bool) -> Failure:
    """What TVM's builders and runners say of a failure, in the library's terms."""
    kind: ErrorKind
    if "Timeout, killed after" in text:
        kind = "run_timeout" if built else "build_timeout"
    elif "Subprocess terminated" in text:  # a crash, or the system took its memory away
        kind = "unknown"
    else:
        kind = "runtime_device" if built else "compile_host"
    return Failure(kind, text)


class JobDatabase:
    """The two files of a job's database, and beside them why trials failed.

    TVM writes the lines, so that they are its own to the byte; here they are brought to the disk, and taken back when
    they did not get there whole.

    Args:
        folder: the job's `work_dir`. What an interrupted job has left there goes on: numbers of workloads stay.

    Attributes:
        paths: the files of the workloads and of the records.
        stock: TVM's own database of them.
    """

    def __init__(self, folder: Path) -> None:
        self._workloads, self._records, self._errors = (
            folder / name for name in (WORKLOAD_FILE, RECORD_FILE, ERROR_FILE)
        )
        for file in (self._workloads, self._records, self._errors):
            append_lines(file, [])  # cuts off what a kill left of a last line
        self.paths = (str(self._workloads), str(self._records))
        self.stock = meta_schedule().database.JSONDatabase(*self.paths)

    def workload(self, mod: Any) -> Any:
        """The workload of a module, which is on the disk before any record names it."""
        start = self._workloads.stat().st_size
        workload = self.stock.commit_workload(mod)
        _settle(self._workloads, start, None)
        return workload

    def add(self, mod: Any, target: Any, trials: Iterable[Measured]) -> list[str]:
        """Log trials of a module: all of them are on the disk when it returns.

        Returns:
            The times of trials that can be none, in words: those are logged as failed.

        Raises:
            TvmgitlibError: they do not fit on the disk; then none is in the files.
        """
        record = meta_schedule().database.TuningRecord
        workload = self.workload(mod)
        start = self._records.stat().st_size
        whys: list[Failure | None] = []
        unusable: list[str] = []
        for trial in trials:
            costs, why = trial.costs, trial.failure
            seconds = [float(cost) for cost in costs] if costs is not None else [FAILED]
            if (said := unusable_times(seconds)) is not None:
                unusable.append(said)
            if said is not None or max(seconds) >= FAILED:
                why = why or (Failure("unknown", f"the run times were {seconds} s") if costs is not None else None)
                costs = None
            self.stock.commit_tuning_record(record(trial.trace, workload, costs or [FAILED], target, trial.args))
            whys.append(why)
        lines = _settle(self._records, start, len(whys))
        self.explain((line, why) for line, why in zip(lines, whys, strict=True) if why is not None)
        return unusable

    def keep_unmeasured(self, record: Any) -> None:
        """Keep a record that nobody has measured, as TVM's own database does: it is no trial."""
        self.workload(record.workload.mod)
        start = self._records.stat().st_size
        self.stock.commit_tuning_record(record)
        _settle(self._records, start, 1)

    def explain(self, failures: Iterable[tuple[bytes, Failure]]) -> None:
        """Note why trials failed, each by its line in the database."""
        if notes := [_note(line, why) for line, why in failures]:
            append_lines(self._errors, notes)


def _settle(file: Path, start: int, count: int | None) -> list[bytes]:
    """Bring what TVM has appended to the disk, and return it, line by line.

    TVM does not look whether its writing succeeds: a full disk leaves a part of a line, to which it would append.

    Args:
        file: the file.
        start: its size before.
        count: how many lines there have to be; None for any number.
    """
    with file.open("r+b", buffering=0) as opened:
        opened.seek(start)
        added = opened.read()
        lines = added.splitlines()
        if (added and not added.endswith(b"\n")) or count not in (None, len(lines)):
            opened.truncate(start)
            raise TvmgitlibError("the measurements could not be written", file=str(file), hint="Is the disk full?")
        if added:
            os.fsync(opened.fileno())
    return lines


def _note(record: bytes, failure: Failure) -> str:
    name = sha256(record).hexdigest()
    return json.dumps({"record": name, "error": failure.kind, "text": failure.text[-_TEXT:]})


_open: WeakKeyDictionary[Journal, JobDatabase] = WeakKeyDictionary()


def log_trials(journal: Journal, mod: Any, target: Any, trials: Sequence[Measured]) -> None:
    """Log trials of a module into a job's database: all of them are on the disk when it returns.

    Raises:
        RecordError: they do not say where, or with what, they were measured.
        JobError: the target is another one than the job's.
        TvmgitlibError: they do not fit on the disk; then none is in the files.
    """
    if target is None:
        raise RecordError("the record lacks its target: nothing says what was measured", field="target")
    if any(trial.args is None for trial in trials):
        raise RecordError("the record lacks its args_info: nothing says what it was called with", field="args_info")
    journal.platform_of(parse_target(target))
    for why in database_of(journal).add(mod, target, trials):
        journal.note_unusable(why)
    journal.forget_logged()


def database_of(journal: Journal) -> JobDatabase:
    """The database of a live job: one object, for two would number their workloads without knowing of each other."""
    if journal not in _open:
        _open[journal] = JobDatabase(journal.work_dir)
    return _open[journal]
