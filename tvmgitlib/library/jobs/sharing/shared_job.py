"""A job in progress as a commit that other machines can read: what it was told, what it has noted, and its logs.

A log is kept in parts, so that the next commit brings only those that are new. What comes from elsewhere is believed in
nothing: each part has its bound, each name is one that a job's folder has, and what the job was told is what it can be.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from msgspec import Struct

from tvmgitlib.families import layouts
from tvmgitlib.format import schema
from tvmgitlib.library.jobs.completing import completion
from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.model import (
    JobError,
    LibraryError,
    RecordError,
    TvmgitlibError,
    canonical_json,
    parse_target,
    read_json,
    read_utc,
    utc_text,
    validate_platform_name,
)
from tvmgitlib.store import Content, Snapshot, blob_id

#: What becomes of a job where it is open: it goes on, was interrupted, or is about to be committed.
State = Literal["open", "left", "finishing"]

_TOLD: Final = "job.json"
_LOGS: Final = "logs/"

#: How large a part of a log is, in bytes.
_PART: Final = 1 << 18

#: How large all logs of a job may be, in bytes: a clone holds them twice.
_MOST: Final = 1 << 28

#: How large what the job was told and has noted may be, in bytes.
_MOST_TOLD: Final = 1 << 24


class SharedJob(Struct, frozen=True):
    """What a machine tells of a job that is open there.

    Attributes:
        job: the job; its folder is no place.
        machine: the host name of the machine.
        renewed: when it last said so, by its own clock.
        state: what becomes of the job there.
        trials: how many lines its tuners have logged.
        notes: what it has noted, as `OpenJob.notes` gives it.
    """

    job: OpenJob
    machine: str
    renewed: datetime
    state: State
    trials: int
    notes: dict[str, list[Any]]

    @property
    def interval(self) -> float:
        """How often it says so, in seconds."""
        assert self.job.spec.share is not None  # the schema asks for it
        return self.job.spec.share


def read_shared(snapshot: Snapshot) -> SharedJob:
    """What a commit tells of a job.

    Raises:
        TvmgitlibError: nothing, or something that no job can be told.
    """
    content = snapshot.read(_TOLD, _MOST_TOLD)
    if content is None:
        raise LibraryError(f"it does not hold {_TOLD}")
    return parse_shared(content)


def parse_shared(content: bytes) -> SharedJob:
    """What its file says.

    Raises:
        TvmgitlibError: that is no job, or one that cannot be.
    """
    try:
        document = read_json(content)
        schema.check(document, "shared-job")
        job = OpenJob.from_json(document["job"], Path())
        _require_possible(job)
        renewed = read_utc(document["renewed"])
        read_utc(job.started)
    except TvmgitlibError as error:
        raise error.at(file=_TOLD) from None
    except ValueError as error:
        raise RecordError(str(error), file=_TOLD) from None
    return SharedJob(job, document["machine"], renewed, document["state"], document["trials"], document["notes"])


def _require_possible(job: OpenJob) -> None:
    """Refuse what a job on this machine would have been refused."""
    spec = job.spec
    if spec.platform is not None:
        validate_platform_name(spec.platform)
    if spec.target is not None:
        parse_target(spec.target)
    if spec.complete_target is not None:
        completion(spec.complete_target)


def files_of(job: OpenJob, state: State, before: Snapshot, digits: int) -> dict[str, Content]:
    """What a commit about a job changes, beside the commit before it.

    Args:
        job: the job; of its logs whole lines only.
        state: what becomes of it.
        before: the commit before.
        digits: how long ids of objects are.

    Raises:
        JobError: its logs are too large.
        OSError: one cannot be read.
    """
    changed: dict[str, Content] = {}
    size = trials = 0
    records = {_LOGS + name for name in _names(job, records=True)}
    for name in _names(job):  # of several that make one log, the records come before what they need
        folder = _LOGS + name
        known = {entry.name: entry.oid for entry in before.folder(folder)}
        for number, part in enumerate(_parts(job.folder / name)):
            at = f"{number:06d}"
            if known.pop(at, None) != blob_id(part, digits):
                changed[f"{folder}/{at}"] = part
            size += len(part)
            trials += part.count(b"\n") if folder in records else 0
            if size > _MOST:
                what = f"the logs of job {job.id} are larger than {_MOST >> 20} MiB, so they are not shared"
                raise JobError(what, file=str(job.folder / name))
        changed |= {f"{folder}/{at}": None for at in known}
    changed[_TOLD] = _document(job, state, trials)
    return changed


def _names(job: OpenJob, *, records: bool = False) -> list[str]:
    """The names of the logs that a job may have, in its folder: of all files, or of those whose lines are trials."""
    files = job.log_files
    if records:
        files = (job.log, *(job.work_dir / layout.records for layout in layouts()))
    return [file.relative_to(job.folder).as_posix() for file in files]


def _parts(path: Path) -> Iterator[bytes]:
    """What is in a log by now, to the end of its last whole line."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        left = _end_of_lines(file)
        file.seek(0)
        while left and (part := file.read(min(left, _PART))):
            left -= len(part)
            yield part


def _end_of_lines(file: BinaryIO) -> int:
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = file.seek(max(0, end - _PART))
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def write_logs(snapshot: Snapshot, job: OpenJob) -> None:
    """Write the logs that a commit has into the folder of a job, whatever is there.

    Raises:
        LibraryError: it has something else, or more than any job.
        OSError: they cannot be written.
    """
    known = dict.fromkeys(_names(job), 0)
    size = 0
    for path, entry in snapshot.files(_LOGS.rstrip("/")):
        name, _, part = path.removeprefix(_LOGS).rpartition("/")
        if name not in known or part != f"{known[name]:06d}":
            what = "this is no part of a log that a job of this tvmgitlib has"
            raise LibraryError(what, file=path, hint="Its family may be one of a package that is not installed here.")
        content = snapshot.blob(path, entry.oid, _PART)
        size += len(content)
        if size > _MOST:
            raise LibraryError(f"logs larger than {_MOST >> 20} MiB, so they are not taken", file=path)
        with (job.folder / name).open("ab" if known[name] else "wb") as file:
            file.write(content)
        known[name] += 1


def _document(job: OpenJob, state: State, trials: int) -> bytes:
    document = {
        "format": 1,
        "machine": machine(),
        "renewed": utc_text(time.time()),
        "state": state,
        "trials": trials,
        "job": job.to_json(),
        "notes": job.notes(),
    }
    return canonical_json(document).encode() + b"\n"


def machine() -> str:
    """What this machine calls itself."""
    return socket.gethostname()[:255]
