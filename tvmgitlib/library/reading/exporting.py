"""Files that stock TVM loads, made from the library's best records."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tvmgitlib import families
from tvmgitlib.errors import SelectionError, TvmgitlibError
from tvmgitlib.families.base import ExportedFiles
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.grading import Obstacle, unsure
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import FamilyName, StoredRecord, TvmVersion, beyond


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: the file, or the folder of a MetaSchedule database.
        records: how many records are in it.
        workloads: how many workloads.
        platforms: the platforms they were measured on, by name; stock TVM does not tell them apart.
        left_out: records that the TVM at hand cannot load (with them it would load none), and those made under larger
            limits than the target that was asked for, each in words with the reason.
        unsure: why nobody knows whether all of them load; None where somebody does.
    """

    path: Path
    records: int
    workloads: int
    platforms: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    unsure: str | None = None

    def to_json(self) -> dict[str, Any]:
        lists = {"platforms": list(self.platforms), "left_out": list(self.left_out)}
        return {**asdict(self), "path": str(self.path), **lists}


def export(
    contents: Contents,
    family: FamilyName,
    path: Path,
    selection: Selection,
    tvm: TvmVersion | None = None,
    obstacle: Obstacle | None = None,
) -> Exported:
    """Write the selected records of a family as the file that its TVM loads.

    A target with flags that not every TVM reads is written without them: it generates the same code.

    Args:
        contents: the library in one commit.
        family: the tuner family, which is the format too.
        path: the file to write, or the folder where the family's export is several files.
        selection: which records.
        tvm: only those tuned with this distribution and minor version (an unknown distribution matches any).
        obstacle: asks the TVM at hand whether it can load a record: what it cannot is left out, and named.

    Raises:
        FamilyError: the family is not installed.
        SelectionError: nothing is selected, or records that no TVM can load together.
    """
    codec = families.family(family)
    wanted = [
        stored
        for found in contents.current().values()
        for stored in found
        if selection.matches(stored.place, any_limits=True)
        and stored.record.family == family
        and (tvm is None or stored.tuned_with.is_like(tvm))
    ]
    if not wanted:
        raise SelectionError(f"the library has no {family} record that was asked for, so nothing was written")
    why_not = {stored.line: _why_not(stored, selection, obstacle) for stored in wanted}
    records = [_portable(stored) for stored in wanted if why_not[stored.line] is None]
    left_out = tuple(
        f"{workload_label(stored.record.workload)} on {stored.platform}: {why}"
        for stored in wanted
        if (why := why_not[stored.line]) is not None
    )
    if not records:
        raise SelectionError(f"none of the records that were asked for can be used, such as {left_out[0]}")
    builds = {unsure(stored) for stored in records} if obstacle is None else set()
    _write_all(path, codec.export(_with_modules(contents, records) if codec.keeps_module else records))
    return Exported(
        path,
        len(records),
        len({stored.record.workload for stored in records}),
        tuple(sorted({stored.platform for stored in records})),
        left_out,
        next(filter(None, builds), None),
    )


def _why_not(stored: StoredRecord, selection: Selection, obstacle: Obstacle | None) -> str | None:
    """Why a record is no good for the target that is asked for, or for the TVM at hand; None where it is."""
    asked = selection.asked.target if selection.asked else stored.place.target
    return beyond(stored.place.target.limits, asked.limits) or (obstacle(stored) if obstacle is not None else None)


def _portable(stored: StoredRecord) -> StoredRecord:
    """A record with a target that every TVM reads which reads its key."""
    record = stored.record
    codec = families.family(record.family)
    if codec.keeps_module or record.target.is_portable:
        return stored
    return replace(stored, record=replace(record, native=codec.with_target(record.native, record.target.portable)))


def _with_modules(contents: Contents, records: list[StoredRecord]) -> list[StoredRecord]:
    """The records, each with the module of its workload, which is in the segment of its job."""
    modules = contents.modules(records)
    return [
        replace(stored, record=replace(stored.record, workload=modules[stored.record.workload])) for stored in records
    ]


def _write_all(path: Path, files: ExportedFiles) -> None:
    if isinstance(files, list):
        _write(path, files)
        return
    *_, first_read = files
    try:
        path.mkdir(parents=True, exist_ok=True)
        # It is away while the others change: a reader sees all of the old ones, all of the new ones, or nothing.
        (path / first_read).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    for name, lines in files.items():
        _write(path / name, lines)


def _write(path: Path, lines: list[bytes]) -> None:
    """Write a file whole or not at all."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        scratch.write_bytes(b"".join(line + b"\n" for line in lines))
        scratch.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):  # without a folder for it, it was never there
            scratch.unlink()


def _unwritable(path: Path, error: OSError) -> TvmgitlibError:
    return TvmgitlibError(f"cannot be written: {error.strerror}", file=str(path))
