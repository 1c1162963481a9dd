"""Reading tuning logs: line by line, so that memory does not grow with their size, and strictly."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, TypeAlias

from tvmgitlib.errors import RecordError, TvmgitlibError
from tvmgitlib.families import FAMILIES
from tvmgitlib.families.metaschedule import ERROR_FILE, RECORD_FILE, WORKLOAD_FILE, read_workload
from tvmgitlib.families.text import MAX_LINE, family_of, refuse_foreign
from tvmgitlib.format import schema
from tvmgitlib.model.job import Source
from tvmgitlib.model.json import read_json
from tvmgitlib.model.record import ERROR_KINDS, ErrorKind, TuningRecord
from tvmgitlib.model.workload import FamilyName, Workload

#: Tells at level INFO how far the reading of a log is: who wants to show it adds a handler.
_progress = logging.getLogger("tvmgitlib.progress")

_PROGRESS_EVERY = 1000

#: What earlier jobs hold: by size and hash of a file, the byte from which on one of them holds it.
_Starts: TypeAlias = dict[int, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Leniency:
    """What to do with lines that are not whole or not valid.

    Attributes:
        drop_torn: leave out a last line that was cut off, as a crash leaves it.
        skip_invalid: leave out malformed lines.
    """

    drop_torn: bool = False
    skip_invalid: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was looked over: a file, or a MetaSchedule database folder.

    Attributes:
        path: the file of records.
        workloads: the workload file of a MetaSchedule database; None for the other families.
        sources: one a file, with size and SHA-256 of what is whole, in the order of `files`.
        torn: the last lines that were cut off and are left out, in words.
        errors: what a live job wrote of the failures in a MetaSchedule database; None where nothing did.
    """

    path: Path
    workloads: Path | None
    sources: tuple[Source, ...]
    torn: tuple[str, ...]
    errors: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files: the records' first."""
        return tuple(path for path in (self.path, self.workloads, self.errors) if path is not None)


def find_log(path: Path) -> tuple[Path, Path | None]:
    """The record file that a path means, and its workload file if it is a MetaSchedule database.

    Raises:
        RecordError: nothing readable is there, or half of a database.
    """
    if path.is_dir():
        path = path / RECORD_FILE
        if not path.exists():
            raise RecordError(f"no MetaSchedule database: {RECORD_FILE} is missing", file=str(path.parent))
    elif path.name == WORKLOAD_FILE:
        path = path.with_name(RECORD_FILE)
    if path.name != RECORD_FILE:
        return path, None
    workloads = path.with_name(WORKLOAD_FILE)
    if path.exists() and not workloads.exists():
        raise RecordError(
            f"{WORKLOAD_FILE}, which says what its records tune, is missing beside it",
            file=str(path),
            hint="Copy both files of the database.",
        )
    return path, workloads


def survey(path: Path, leniency: Leniency, known: Iterable[Source] = ()) -> Log:
    """Look a log over without interpreting it: sizes, hashes, and what earlier jobs hold of it already.

    Args:
        path: a log file, or the folder (or a file) of a MetaSchedule database.
        leniency: whether a torn last line is left out.
        known: sources of earlier jobs: if the log begins with them, only what follows counts.

    Raises:
        RecordError: the log is missing, empty, or torn.
    """
    records, workloads = find_log(path)
    earlier = _starts(known)
    if workloads is None:
        seen = _look_over(records, leniency, earlier)
        return Log(records, None, (Source(records.name, seen.size, seen.sha256, seen.start),), seen.torn)
    seen, other = _look_over(records, leniency, earlier), _look_over(workloads, leniency, earlier)
    folder = records.parent.name
    start = seen.start if other.begins_known else 0  # beside other workloads, the same records mean something else
    sources = [
        Source(f"{folder}/{records.name}", seen.size, seen.sha256, start),
        Source(f"{folder}/{workloads.name}", other.size, other.sha256),
    ]
    errors = records.with_name(ERROR_FILE)
    if not (errors.is_file() and errors.stat().st_size):
        return Log(records, workloads, tuple(sources), (*seen.torn, *other.torn))
    failed = _look_over(errors, Leniency(drop_torn=True), {})
    sources.append(Source(f"{folder}/{errors.name}", failed.size, failed.sha256))
    return Log(records, workloads, tuple(sources), (*seen.torn, *other.torn), errors)


def _starts(sources: Iterable[Source]) -> _Starts:
    found: _Starts = {}
    for source in sources:
        starts = found.setdefault(source.size, {})
        starts[source.sha256] = min(source.start, starts.get(source.sha256, source.start))
    return found


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a file is, without a last line that was cut off.

    Attributes:
        size, sha256: of what is whole.
        start: from where its records count. Of a file that earlier jobs hold to its end, from where the last of them
            counts: what is imported again is the same job again.
        begins_known: whether an earlier job was made from this file, or from a beginning of it.
        torn: the last line that was cut off, in words.
    """

    size: int
    sha256: str
    start: int
    begins_known: bool
    torn: tuple[str, ...]


def _look_over(path: Path, leniency: Leniency, earlier: _Starts) -> _Seen:
    digest = hashlib.sha256()
    size = number = covered = latest = 0
    begins_known = False
    torn: tuple[str, ...] = ()

    def reach(held: int, end: int) -> None:
        nonlocal covered, latest, begins_known
        start = earlier[held].get(digest.hexdigest())
        if start is None:
            return
        begins_known = True
        if start <= covered:  # nothing between what that job holds and what the jobs before it hold
            covered, latest = end, start

    with _open(path) as file:
        for number, line in _lines(file, path):
            if not line.endswith(b"\n") and not is_whole(line):
                torn = (f"{path}, line {number}: cut off",)
                break  # it is the last one
            size += len(line)
            if size - 1 in earlier:  # a file that ended without a line end has grown one since
                digest.update(line[:-1])
                reach(size - 1, size)
                digest.update(line[-1:])
            else:
                digest.update(line)
            if size in earlier:
                reach(size, size)
    if number == 0:
        raise RecordError("the file is empty", file=str(path))
    if torn and not leniency.drop_torn:
        raise RecordError(
            "the last line is cut off, as a crash leaves it",
            file=str(path),
            line=number,
            hint="--drop-torn imports the rest without it.",
        )
    return _Seen(size, digest.hexdigest(), latest if covered == size else covered, begins_known, torn)


def read_log(
    log: Log, leniency: Leniency, left_out: list[str], family: FamilyName | None = None
) -> Iterator[tuple[int, TuningRecord]]:
    """The records of a log that was surveyed, each with the number of its line, from where they count.

    Args:
        log: the log.
        leniency: what to do with malformed lines.
        left_out: is told of the malformed lines that were left out, in words.
        family: the only family allowed, when the user named one.

    Raises:
        TvmgitlibError: naming file, line and field of what is malformed.
    """
    source = log.sources[0]
    workloads = _read_workloads(log.workloads, log.sources[1].size) if log.workloads else None
    errors = _read_errors(log.errors, log.sources[2].size) if log.errors else {}
    at = 0
    with _open(log.path) as file:
        for number, line in _lines(file, log.path):
            at += len(line)
            if at <= source.start:
                continue
            if at > source.size:
                break  # cut off, or written since
            if number % _PROGRESS_EVERY == 0:
                _progress.info("%s: %s lines read (%d%%)", log.path.name, f"{number:,}", 100 * at // source.size)
            try:
                record = _read_line(line, workloads, family)
            except TvmgitlibError as error:
                error.at(file=str(log.path), line=number)
                if not leniency.skip_invalid:
                    raise
                left_out.append(str(error).splitlines()[0])
                continue
            if record is not None:
                yield number, replace(record, error=errors.get(record.hash, record.error)) if record.error else record


def _read_line(line: bytes, workloads: list[Workload] | None, only: FamilyName | None) -> TuningRecord | None:
    """One record; None for a comment or an empty line."""
    text = line.strip()
    if not text or (text.startswith(b"#") and workloads is None):
        return None
    refuse_foreign(text)
    document = read_json(text)
    native = text
    if isinstance(document, dict) and "x-tvmgitlib" in document:  # a line of some library's configs/
        native, document = _unwrap(text, document)
    name = family_of(document)
    if only is not None and name != only:
        raise RecordError(f"a record of {name}, and --family says {only}")
    schema.check(document, name)
    workload = _workload_of(document, workloads) if name == "metaschedule" else None
    return FAMILIES[name].record(document, native, workload)


def _unwrap(line: bytes, document: dict[str, Any]) -> tuple[bytes, Any]:
    family = FAMILIES["ansor" if "native" in document else "autotvm"]
    native, _ = family.unwrap(line)
    return native, read_json(native)


def _workload_of(document: list[Any], workloads: list[Workload] | None) -> Workload:
    if workloads is None:
        raise RecordError(
            "a MetaSchedule record in a file that is not part of a database",
            hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
        )
    number = int(document[0])  # 0.0 is a number of JSON too
    if number >= len(workloads):
        raise RecordError(f"workload {number}, and {WORKLOAD_FILE} has {len(workloads)} (counted from 0)", field="[0]")
    return workloads[number]


def _read_workloads(path: Path, size: int) -> list[Workload]:
    workloads = []
    at = 0
    with _open(path) as file:
        for number, line in _lines(file, path):
            at += len(line)
            if at > size:
                break
            try:
                workloads.append(read_workload(line.strip()))
            except TvmgitlibError as error:
                raise error.at(file=str(path), line=number) from None
    return workloads


def _read_errors(path: Path, size: int) -> dict[str, ErrorKind]:
    """The kinds of failures by the hashes of their records."""
    kinds: dict[str, ErrorKind] = {}
    at = 0
    with _open(path) as file:
        for number, line in _lines(file, path):
            at += len(line)
            if at > size:
                break
            try:
                match read_json(line.strip()):
                    case {"record": str(name), "error": str(kind)} if kind in ERROR_KINDS:
                        kinds[name] = kind
                    case _:
                        raise RecordError("not a failure as a live job notes it")
            except RecordError as error:
                raise error.at(file=str(path), line=number) from None
    return kinds


def _open(path: Path) -> BinaryIO:
    try:
        # Without waiting: opening a pipe that nobody writes to would last for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", file=str(path)) from None
    if not S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RecordError("not a plain file", file=str(path))
    return os.fdopen(handle, "rb")


def _lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, each with its line end; never more of one than the cap."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise RecordError(f"longer than {MAX_LINE // 2**20} MiB, so it is not read", file=str(path), line=number)
        yield number, line


def is_whole(line: bytes) -> bool:
    """Whether a last line without a line end is complete all the same."""
    if not line.strip() or line.lstrip().startswith(b"#"):
        return True
    try:
        read_json(line.strip())
    except RecordError:
        return False
    return True
