"""Files that stock TVM loads, made from the library's best records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from tvmgitlib import families
from tvmgitlib.families import ExportedFiles
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.doubts import Doubts
from tvmgitlib.library.reading.grading import Obstacle, unsure
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.neighbours import near_names
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.model import FamilyName, SelectionError, StoredRecord, Target, TvmgitlibError, TvmVersion, beyond
from tvmgitlib.store import write_whole


class Exported(Struct, frozen=True):
    """What was written.

    Attributes:
        path: the file, or the folder of a MetaSchedule database.
        records: how many records are in it.
        workloads: how many workloads.
        platforms: the platforms they were measured on, by name; stock TVM does not tell them apart.
        targets: what they were tuned for, in words.
        mixed: targets of one file that stock TVM does not tell apart, in words, by what it knows them by (such as `gpu`
            for cuda and rocm).
        paths: the file or folder of each target, where one for each was asked for, in the order of `targets`.
        left_out: records that the TVM at hand cannot load (with them it would load none), those made under larger
            limits than the target that was asked for, and suspect ones, each in words with the reason.
        unsure: why nobody knows whether all of them load; None where somebody does.
    """

    path: Path
    records: int
    workloads: int
    platforms: tuple[str, ...]
    targets: tuple[str, ...] = ()
    mixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    left_out: tuple[str, ...] = ()
    unsure: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "path": str(self.path),
            "platforms": list(self.platforms),
            "targets": list(self.targets),
            "mixed": {key: list(targets) for key, targets in self.mixed.items()},
            "paths": list(map(str, self.paths)),
            "left_out": list(self.left_out),
        }


def export(
    contents: Contents,
    family: FamilyName,
    path: Path,
    selection: Selection,
    tvm: TvmVersion | None = None,
    obstacle: Obstacle | None = None,
    *,
    per_target: bool = False,
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
        per_target: write one folder a target, below `path`: targets are never mixed in a file.

    Raises:
        FamilyError: the family is not installed.
        SelectionError: nothing is selected, or records that no TVM can load together.
    """
    codec = families.family(family)
    doubts = Doubts(contents)
    wanted = _wanted(contents, family, selection, tvm, doubts)
    why_not = {
        stored.line: _why_not(stored, selection, obstacle) or doubts.untrusted(stored) or doubts.why(stored)
        for stored in wanted
    }
    left_out = tuple(
        f"{workload_label(stored.record.workload)} on {stored.platform}: {why}"
        for stored in wanted
        if (why := why_not[stored.line]) is not None
    )
    records = [_portable(stored) for stored in wanted if why_not[stored.line] is None]
    if not records:
        raise SelectionError(f"none of the records that were asked for can be used, such as {left_out[0]}")
    builds = {unsure(stored) for stored in records} if obstacle is None else set()
    groups = _by_target(_with_modules(contents, records) if codec.keeps_module else records)
    parts = _files(codec, path, groups, per_target=per_target)
    for part, files in parts.items():
        _write_all(part, files, parents=per_target)
    return Exported(
        path,
        len(records),
        len({stored.record.workload for stored in records}),
        tuple(sorted({stored.platform for stored in records})),
        tuple(target.label for target in groups),
        {} if per_target else mixed_targets(family, groups),
        tuple(parts) if per_target else (),
        left_out,
        next(filter(None, builds), None),
    )


def _wanted(
    contents: Contents, family: FamilyName, selection: Selection, tvm: TvmVersion | None, doubts: Doubts
) -> list[StoredRecord]:
    part = replace(selection.part, family=family)
    wanted = [
        stored
        for found in doubts.beside(contents.current(part), part).values()
        for stored in found
        if selection.matches(stored.place, any_limits=True)
        and stored.record.family == family
        and (tvm is None or stored.tuned_with.is_like(tvm))
    ]
    if not wanted:
        near = " ".join(near_names(contents, selection)) or None
        raise SelectionError(
            f"the library has no {family} record that was asked for, so nothing was written", hint=near
        )
    return wanted


def _files(
    codec: families.Family, path: Path, groups: Mapping[Target, list[StoredRecord]], *, per_target: bool
) -> dict[Path, ExportedFiles]:
    """What is written where: all in one, or each target below a folder of its own."""
    if not per_target:
        return {path: codec.export([stored for group in groups.values() for stored in group])}
    whole = {path / target.folder: codec.export(group) for target, group in groups.items()}
    return {
        folder if isinstance(files, dict) else folder / f"{codec.name}.jsonl": files for folder, files in whole.items()
    }


def _by_target(records: Iterable[StoredRecord]) -> dict[Target, list[StoredRecord]]:
    """Records by what they generate code for: one target whatever its host is."""
    groups: dict[str, list[StoredRecord]] = {}
    for stored in records:
        groups.setdefault(stored.record.target.target.device_key, []).append(stored)
    return {group[0].record.target.target: group for _, group in sorted(groups.items())}


def mixed_targets(family: FamilyName, targets: Iterable[Target]) -> dict[str, tuple[str, ...]]:
    """The targets that stock TVM does not tell apart, in words, by what it knows them by; of several such keys those
    that the most have in common.

    Args:
        family: the tuner family whose records they are of.
        targets: the targets; what differs in its host only is one.
    """
    codec = families.family(family)
    known: dict[str, list[str]] = {}
    for target in {target.device_key: target for target in targets}.values():
        for key in codec.known_by(target):
            known.setdefault(key, []).append(target.label)
    shared = {key: tuple(labels) for key, labels in sorted(known.items()) if len(labels) > 1}
    return {
        key: labels
        for key, labels in shared.items()
        if not any(
            set(labels) < set(others) or (set(labels) == set(others) and other > key)
            for other, others in shared.items()
        )
    }


def _why_not(stored: StoredRecord, selection: Selection, obstacle: Obstacle | None) -> str | None:
    """Why a record is no good for the target that is asked for, or for the TVM at hand; None where it is."""
    asked = selection.asked.target if selection.asked else stored.place.target
    return beyond(stored.place.target.limits, asked.limits) or (obstacle(stored) if obstacle is not None else None)


def _portable(stored: StoredRecord) -> StoredRecord:
    """A record with a target that every TVM reads which reads its key."""
    record = stored.record
    codec = families.family(record.family)
    if record.target.is_portable:
        return stored
    return replace(stored, record=record._replace(native=codec.with_target(record.native, record.target.portable)))


def _with_modules(contents: Contents, records: list[StoredRecord]) -> list[StoredRecord]:
    """The records, each with the module of its workload, which is in the segment of its job."""
    modules = contents.modules(records)
    return [
        replace(stored, record=stored.record._replace(workload=modules[stored.record.workload])) for stored in records
    ]


def _write_all(path: Path, files: ExportedFiles, *, parents: bool) -> None:
    try:
        if isinstance(files, list):
            if parents:
                path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, files)
            return
        *_, first_read = files
        path.mkdir(parents=True, exist_ok=True)
        # It is away while the others change: a reader sees all of the old ones, all of the new ones, or nothing.
        (path / first_read).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    for name, lines in files.items():
        _write(path / name, lines)


def _write(path: Path, lines: list[bytes]) -> None:
    try:
        write_whole(path, b"".join(line + b"\n" for line in lines))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> TvmgitlibError:
    return TvmgitlibError(f"cannot be written: {error.strerror}", file=str(path))
