"""A record's line as the library keeps it, in a segment and in a file of configs/: native text and bag."""

from __future__ import annotations

from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.families import BAG_KEY
from tvmgitlib.format import schema
from tvmgitlib.model import (
    RecordError,
    StoredRecord,
    TvmVersion,
    Workload,
    canonical_json,
    completed,
    parse_target,
    read_json,
    read_utc,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tvmgitlib.families import Family, QuickReader
    from tvmgitlib.model import Header, Task, TuningRecord

#: The member of a task, and of a record's bag, that is what TVM calls the workload. Versions before it read over both.
DESC_KEY = "x-desc"
_DESC = DESC_KEY.encode()

#: How the lines begin that are no records.
OWN_LINES = (b'{"job":', b'{"section":', b'{"task":', b'{"invalidates":')

#: Longer bags are not kept in mind (bytes): under names of its own, one may hold whatever fits into a line.
_MOST_KEPT = 4096


def store(record: TuningRecord, header: Header, task: Task) -> StoredRecord:
    """Put a record of a task into the library's form.

    Raises:
        RecordError: it has none.
    """
    tuned_with = task.section.tuned_with
    bag = {
        "job": header.id,
        "workload": task.workload.id,
        "trials": task.effort.trials,
        "finished": header.finished,
        "tuned_with": tuned_with.to_json(),
    }
    if task.baseline is not None:
        bag["baseline"] = task.baseline
    if task.workload.module is not None:  # the record itself does not say what it tunes
        bag |= {"text": task.workload.text, "signature": record.workload.signature}
    if (desc := task.workload.desc) is not None:
        bag[DESC_KEY] = desc
        record = record._replace(workload=replace(record.workload, desc=desc))
    if record.target.completed:
        bag["completed"] = dict(record.target.completed)
    codec = families.family(record.family)
    if (said := codec.rewritten(record)) is not None:
        bag["target"] = dict(said)
    line = codec.wrap(record.native, canonical_json(bag).encode())
    if line.startswith(OWN_LINES):
        raise RecordError("the record begins like a line of the library's own, so it could not be told from one")
    platform = task.section.platform.name
    return StoredRecord(
        line, record, platform, header.id, task.effort.trials, header.finished, tuned_with, task.baseline
    )


def read_stored(line: bytes, family: Family, platform: str, proven: bool = False) -> StoredRecord:
    """Read a record's line out of a segment or a file of configs/, which say its family and platform.

    Args:
        line: the line.
        family: the record's family.
        platform: the platform's name.
        proven: whether it is known to be right, so that its schemas need not be asked again.

    Raises:
        TvmgitlibError: the line is malformed, or has no bag, or one that says something else than the record.
    """
    native, bag_text = family.unwrap(line)
    if bag_text is None:
        raise RecordError("no x-tvmgitlib beside the record")
    quick = _quick_reader(family.name) if not proven else None  # loads a parser: lookups do without
    taken = quick.read([native]) if quick is not None else []
    document = read_json(native) if not taken else None
    if not taken and not proven:
        schema.check_record(document, family)
    bag = _bag_of(bag_text, proven)
    if family.wrap(native, bag_text) != line or native != native.strip():
        raise RecordError("the line is not in canonical form")
    if taken:
        (record,) = taken
    else:
        workload = Workload(family.name, bag["text"], bag.get("signature")) if "text" in bag else None
        record = family.record(document, native, workload)
        if quick is not None:
            quick.learn(native, record)
    if "completed" in bag:
        told = parse_target({"kind": record.target.target.kind, **bag["completed"]}).target
        record = record._replace(target=completed(record.target, told))
    if DESC_KEY in bag:
        record = record._replace(workload=replace(record.workload, desc=bag[DESC_KEY]))
    if record.workload.id != bag["workload"]:
        raise RecordError(f"the record tunes workload {record.workload.id}", field=f"{BAG_KEY}.workload")
    if record.error is not None:
        raise RecordError(f"a failed trial is no config: {record.unusable or record.error}")
    check_time(bag["finished"], f"{BAG_KEY}.finished")
    tuned_with = TvmVersion(**bag["tuned_with"])
    return StoredRecord(
        line, record, platform, bag["job"], int(bag["trials"]), bag["finished"], tuned_with, bag.get("baseline")
    )


@cache
def _quick_reader(family: str) -> QuickReader | None:
    """What reads most records of a family that nobody has proven, in a fraction of the time.

    None where a record alone does not say it all; and for families of other packages, whose quick readers are promised
    lines of logs only.
    """
    found = families.family(family)
    return None if found.keeps_module or not families.is_shipped(family) else found.quick_reader(found.reader({}))


def _bag_of(text: bytes, proven: bool) -> Mapping[str, Any]:
    """A bag, which has been held against its schema unless its line is proven."""
    return _short_bag(text, proven) if len(text) <= _MOST_KEPT else _read_bag(text, proven)


def _read_bag(text: bytes, proven: bool) -> Mapping[str, Any]:
    bag: dict[str, Any] = read_json(text)
    if not proven:
        schema.check(bag, "bag", within=BAG_KEY)
    return MappingProxyType(bag)


#: The records of a task, which stand together, all have the same bag.
_short_bag = lru_cache(maxsize=256)(_read_bag)


def workload_in(line: bytes, family: Family) -> Workload | None:
    """What the record tunes in a line that is known to be right; None where it has to be read to know."""
    native, bag = family.unwrap(line)
    try:
        workload = family.tunes(orjson.loads(native))
        if workload is None or bag is None or _DESC not in bag:
            return workload
        said = orjson.loads(bag)
    except orjson.JSONDecodeError:
        return None
    return replace(workload, desc=said[DESC_KEY]) if DESC_KEY in said else workload


def check_time(text: str | None, field: str) -> None:
    """Refuse a moment that is none.

    Raises:
        RecordError: naming the field.
    """
    try:
        if text is not None:
            _moment(text)
    except ValueError as error:
        raise RecordError(f"{text} is no time: {error}", field=field) from None


#: The records of a job all say when that finished.
_moment = lru_cache(maxsize=256)(read_utc)
