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
from tvmgitlib.library.reading.queries import selected
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import FamilyName, StoredRecord, TvmVersion


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: the file, or the folder of a MetaSchedule database.
        records: how many records are in it.
        workloads: how many workloads.
        platforms: the platforms they were measured on, by name; stock TVM does not tell them apart.
    """

    path: Path
    records: int
    workloads: int
    platforms: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path), "platforms": list(self.platforms)}


def export(
    contents: Contents, family: FamilyName, path: Path, selection: Selection, tvm: TvmVersion | None = None
) -> Exported:
    """Write the selected records of a family as the file that its TVM loads.

    Args:
        contents: the library in one commit.
        family: the tuner family, which is the format too.
        path: the file to write, or the folder where the family's export is several files.
        selection: which records.
        tvm: only those tuned with this distribution and minor version (an unknown distribution matches any).

    Raises:
        FamilyError: the family is not installed.
        SelectionError: nothing is selected, or records that no TVM can load together.
    """
    codec = families.family(family)
    records = [
        stored
        for stored in selected(contents.current(), selection)
        if stored.record.family == family and (tvm is None or stored.tuned_with.is_like(tvm))
    ]
    if not records:
        raise SelectionError(f"the library has no {family} record that was asked for, so nothing was written")
    _write_all(path, codec.export(_with_modules(contents, records) if codec.keeps_module else records))
    return Exported(
        path,
        len(records),
        len({stored.record.workload for stored in records}),
        tuple(sorted({stored.platform for stored in records})),
    )


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
