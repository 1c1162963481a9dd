"""Reading tuning logs: line by line, so that memory does not grow with their size, and strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

from tvmgitlib.errors import RecordError, TvmgitlibError
from tvmgitlib.families import FAMILIES
from tvmgitlib.families.metaschedule import ERROR_FILE, RECORD_FILE, WORKLOAD_FILE, read_workload
from tvmgitlib.families.text import MAX_LINE, decode, family_of, refuse_foreign
from tvmgitlib.model.job import Source
from tvmgitlib.model.record import ERROR_KINDS, ErrorKind, TuningRecord
from tvmgitlib.model.workload import FamilyName, Workload
from tvmgitlib.rules import schema


@dataclass(frozen=True, slots=True)
class Leniency:
    """What to do with lines that are not whole or not valid.

    Attributes:
        drop_torn: leave out a last line that was cut off, as a crash leaves it.
        skip_invalid: leave out malformed lines.
    """

    drop_torn: bool = False
    skip_invalid: bool = False


@dataclass(slots=True)
class LeftOut:
    """What was left out of the logs, in words."""

    torn: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was looked over: a file, or a MetaSchedule database folder.

    Attributes:
        path: the file of records.
        workloads: the workload file of a MetaSchedule database; None for the other families.
        sources: one a file, with size and SHA-256 of what is whole, in the order of `files`.
        torn: whether the records' file ends in a line that was cut off.
        errors: what a live job wrote of the failures in a MetaSchedule database; None where nothing did.
    """

    path: Path
    workloads: Path | None
    sources: tuple[Source, ...]
    torn: bool
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
    workloads = None
    if path.name == RECORD_FILE:
        workloads = path.with_name(WORKLOAD_FILE)
        if not workloads.exists():
            raise RecordError(
                f"{WORKLOAD_FILE}, which says what its records tune, is missing beside it",
                file=str(path),
                hint="Copy both files of the database.",
            )
    elif path.name == WORKLOAD_FILE:
        return find_log(path.with_name(RECORD_FILE))
    return path, workloads


def survey(path: Path, leniency: Leniency, known: Iterable[Source] = ()) -> Log:
    """Look a log over without interpreting it: sizes, hashes, and what an earlier job holds of it already.

    Args:
        path: a log file, or the folder (or a file) of a MetaSchedule database.
        leniency: whether a torn last line is left out.
        known: sources of earlier jobs: if the log begins with one of them, only what follows counts.

    Raises:
        RecordError: the log is missing, empty, or torn.
    """
    records, workloads = find_log(path)
    by_size: dict[int, set[str]] = {}
    for source in known:
        by_size.setdefault(source.size, set()).add(source.sha256)
    name = f"{records.parent.name}/{records.name}" if workloads else records.name
    source, torn = _survey_file(records, name, leniency, by_size)
    sources = [source]
    errors = None
    if workloads:
        other, _ = _survey_file(workloads, f"{workloads.parent.name}/{workloads.name}", leniency, {})
        sources.append(other)
        if source.start and not _begins_with_any(workloads, by_size):
            sources[0] = Source(source.name, source.size, source.sha256)
        errors = records.with_name(ERROR_FILE)
        if errors.is_file() and errors.stat().st_size:
            sources.append(_survey_file(errors, f"{errors.parent.name}/{errors.name}", leniency, {})[0])
        else:
            errors = None
    return Log(records, workloads, tuple(sources), torn, errors)


def _survey_file(path: Path, name: str, leniency: Leniency, known: Mapping[int, set[str]]) -> tuple[Source, bool]:
    digest = hashlib.sha256()
    size = start = number = 0
    line = b""
    with _open(path) as file:
        for number, line in _lines(file, path):
            if line.endswith(b"\n") or is_whole(line):
                digest.update(line)
                size += len(line)
                if digest.hexdigest() in known[size] if size in known else False:
                    start = size
                continue
            if not leniency.drop_torn:
                raise RecordError(
                    "the last line is cut off, as a crash leaves it",
                    file=str(path),
                    line=number,
                    hint="--drop-torn imports the rest without it.",
                )
    if number == 0:
        raise RecordError("the file is empty", file=str(path))
    return Source(name, size, digest.hexdigest(), 0 if start == size else start), not (
        line.endswith(b"\n") or is_whole(line)
    )


def _begins_with_any(path: Path, known: Mapping[int, set[str]]) -> bool:
    digest, size = hashlib.sha256(), 0
    with _open(path) as file:
        for _, line in _lines(file, path):
            digest.update(line)
            size += len(line)
            if digest.hexdigest() in known.get(size, ()):
                return True
    return False


def read_log(
    log: Log, leniency: Leniency, left_out: LeftOut, family: FamilyName | None = None
) -> Iterator[TuningRecord]:
    """The records of a log that was surveyed, from where they count.

    Args:
        log: the log.
        leniency: what to do with malformed lines.
        left_out: is told what was left out.
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
                if log.torn:
                    left_out.torn.append(f"{log.path}, line {number}: cut off")
                break
            try:
                record = _read_line(line, workloads, family)
            except TvmgitlibError as error:
                error.at(file=str(log.path), line=number)
                if not leniency.skip_invalid:
                    raise
                left_out.invalid.append(str(error).splitlines()[0])
                continue
            if record is not None:
                yield replace(record, error=errors.get(record.hash, record.error)) if record.error else record


def _read_line(line: bytes, workloads: list[Workload] | None, only: FamilyName | None) -> TuningRecord | None:
    """One record; None for a comment or an empty line."""
    text = line.strip()
    if not text or (text.startswith(b"#") and workloads is None):
        return None
    refuse_foreign(text)
    document = decode(text)
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
    return native, decode(native)


def _workload_of(document: list[Any], workloads: list[Workload] | None) -> Workload:
    if workloads is None:
        raise RecordError(
            "a MetaSchedule record in a file that is not part of a database",
            hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
        )
    number: int = document[0]
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
                match decode(line.strip()):
                    case {"record": str(name), "error": str(kind)} if kind in ERROR_KINDS:
                        kinds[name] = kind
                    case _:
                        raise RecordError("not a failure as a live job notes it")
            except RecordError as error:
                raise error.at(file=str(path), line=number) from None
    return kinds


def _open(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}", file=str(path)) from None
    if not S_ISREG(path.stat().st_mode):
        file.close()
        raise RecordError("not a plain file", file=str(path))
    return file


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
        decode(line.strip())
    except RecordError:
        return False
    return True
