"""Files that stock TVM loads, made from the library's best records."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tvmgitlib.errors import SelectionError, TvmgitlibError
from tvmgitlib.families.metaschedule import RECORD_FILE, WORKLOAD_FILE, database
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.queries import selected
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model.segment import StoredRecord
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName


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
        path: the file to write (AutoTVM, Ansor), or the folder (MetaSchedule).
        selection: which records.
        tvm: only those tuned with this distribution and minor version (an unknown distribution matches any).

    Raises:
        SelectionError: nothing is selected, or MetaSchedule records of several TVMs, which no TVM can load together.
    """
    records = [
        stored
        for stored in selected(contents.current(), selection)
        if stored.record.family == family and (tvm is None or stored.tuned_with.is_like(tvm))
    ]
    if not records:
        raise SelectionError(f"the library has no {family} record that was asked for, so nothing was written")
    if family == "metaschedule":
        _write_database(contents, records, path)
    else:
        _write(path, [stored.record.native for stored in records])
    return Exported(
        path,
        len(records),
        len({stored.record.workload for stored in records}),
        tuple(sorted({stored.platform for stored in records})),
    )


def _write_database(contents: Contents, records: list[StoredRecord], folder: Path) -> None:
    versions = sorted({stored.tuned_with.minor or "an unknown version" for stored in records})
    if len(versions) > 1:
        raise SelectionError(
            f"the records are of TVM {', '.join(versions)}, and a MetaSchedule database loads only in the TVM that "
            "wrote it",
            hint="Choose one with --tvm DIST==VERSION.",
        )
    modules = contents.modules(records)
    workloads, lines = database((stored.record.native, modules[stored.record.workload]) for stored in records)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The record file names workloads by line, so it comes second: a reader never sees a number without its line.
        (folder / RECORD_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    _write(folder / WORKLOAD_FILE, workloads)
    _write(folder / RECORD_FILE, lines)


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
