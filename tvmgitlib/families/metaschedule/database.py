"""The files of a MetaSchedule database: `database_workload.json` and `database_tuning_record.json`.

A record names its workload by line number in the other file, so the two are only ever read together, and the number is
set anew when they are written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tvmgitlib.families.base import Layout
from tvmgitlib.families.metaschedule.modules import native_module
from tvmgitlib.model import ERROR_KINDS, ErrorKind, RecordError, Workload, read_json

WORKLOAD_FILE: Final = "database_workload.json"
RECORD_FILE: Final = "database_tuning_record.json"

#: Why trials failed, which TVM's own two files do not say: a live job writes it beside them.
ERROR_FILE: Final = "tvmgitlib_errors.jsonl"

LAYOUT: Final = Layout(
    title="MetaSchedule database",
    records=RECORD_FILE,
    beside={WORKLOAD_FILE: "which says what its records tune"},
    notes=(ERROR_FILE,),
    hint="Copy both files of the database.",
)


def workload_at(document: list[Any], workloads: list[Workload]) -> Workload:
    """The workload that a record names by its number.

    Raises:
        RecordError: there is none of that number.
    """
    number = int(document[0])  # 0.0 is a number of JSON too
    if number >= len(workloads):
        raise RecordError(f"workload {number}, and {WORKLOAD_FILE} has {len(workloads)} (counted from 0)", field="[0]")
    return workloads[number]


def is_unmeasured(document: list[Any], failed: float) -> bool:
    """Whether nobody has measured a record: legal since TVM 0.9, and no trial.

    A record with the mark of a failure that was called with nothing, on nothing, is one too: so live jobs of earlier
    versions of this library logged it.

    Args:
        document: the record's line.
        failed: the mark of a failure, in seconds.
    """
    _, (_, run_secs, target, args) = document
    return run_secs is None or (target is None and args is None and run_secs == [failed])


def read_failure(line: bytes) -> tuple[str, ErrorKind]:
    """Read a line of the error file: the hash of a record, and why it failed.

    Raises:
        RecordError: the line is not of that form.
    """
    match read_json(line):
        case {"record": str(name), "error": str(kind)} if kind in ERROR_KINDS:
            return name, kind
    raise RecordError("not a failure as a live job notes it")


def database(records: Iterable[tuple[bytes, Workload]]) -> tuple[list[bytes], list[bytes]]:
    """The lines of the two files of a database, every record pointing at its own workload.

    Only the leading workload number of a record changes; the rest is the native text.
    """
    numbers: dict[str, int] = {}
    workloads: list[bytes] = []
    lines: list[bytes] = []
    for native, workload in records:
        module = native_module(workload)
        number = numbers.setdefault(module, len(numbers))
        if number == len(workloads):
            workloads.append(module.encode())
        lines.append(b"[%d%s" % (number, native[native.index(b",") :]))
    return workloads, lines
