"""The text of a segment: `jobs/<hh>/<job-id>.jsonl`, one immutable file a job.

A header; then sections (family, target, platform, tuned-with), in each its tasks (workload, effort), after each task
its best records as the library keeps them: native text and bag. Everything is in canonical order, so the same job gives
the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tvmgitlib import families
from tvmgitlib.families import BAG_KEY
from tvmgitlib.format import schema
from tvmgitlib.format.histories import check_history, read_history, write_history
from tvmgitlib.format.samples import decode_sample, encode_sample
from tvmgitlib.format.stored import DESC_KEY, OWN_LINES, check_time, read_stored
from tvmgitlib.model import (
    FORMAT,
    Effort,
    FamilyError,
    FamilyName,
    Header,
    Invalidation,
    JobKind,
    Platform,
    RecordError,
    Section,
    Segment,
    Source,
    StoredRecord,
    Task,
    TaskRecords,
    Trial,
    TvmgitlibError,
    TvmVersion,
    Workload,
    canonical_json,
    plural,
    read_json,
    recorded_target,
    segment_path,
)

#: The member of a task that is its history. Versions before it read over members of such names.
HISTORY_KEY = "x-history"

#: What the bag of a record repeats of the lines above it.
_BAG_FIELDS = ("job", "finished", "trials", "tuned_with", "baseline")

#: How a history begins in canonical form: it is the last member, so that who does not need it cuts it off unread.
_HISTORY = b',"%s":{' % HISTORY_KEY.encode()


def write_segment(segment: Segment) -> Iterator[bytes]:
    """The segment's lines, each with its line end. Tasks must come in canonical order (see `task_order`)."""
    yield _line({"job": _header_json(segment.header)})
    for invalidation in segment.invalidations:
        yield _line({"invalidates": _invalidation_json(invalidation)})
    section = None
    for entry in segment.tasks:
        if entry.task.section != section:
            section = entry.task.section
            yield section_line(section) + b"\n"
        yield _line({"task": _task_json(entry)})
        for stored in entry.records:
            yield stored.line + b"\n"


def task_order(task: Task) -> tuple[str, ...]:
    """The canonical order of tasks in a segment."""
    section = task.section
    facts, tuned_with = canonical_json(section.platform.facts), canonical_json(section.tuned_with.to_json())
    where = (section.family, section.target.key, section.platform.name)
    return (*where, *section.tuned_with.group, facts, tuned_with, section.target.limits_text, task.workload.text)


def read_segment(
    lines: Iterable[bytes],
    file: str,
    *,
    with_records: bool = True,
    skip_absent: bool = False,
    with_histories: bool = False,
    checks_histories: bool = False,
    proven: bool = False,
) -> Segment:
    """Read a segment.

    Args:
        lines: its lines, without line ends.
        file: its name, for messages.
        with_records: whether the records are wanted; without them they are passed over unread.
        skip_absent: pass over the records of families that are not installed as well: for answers, never for what is
            written.
        with_histories: whether the histories of its tasks are wanted; without them they are passed over unread.
        checks_histories: whether they are looked at all the same.
        proven: this very segment was found valid before: its lines are not held to the schema again.

    Raises:
        FamilyError: it holds records of a family that is not installed.
        RecordError: naming file, line and field of what is malformed.
    """
    header: Header | None = None
    section: Section | None = None
    tasks: list[tuple[Task, list[StoredRecord], tuple[Trial, ...]]] = []
    invalidations: list[Invalidation] = []
    number, wanted = 0, with_records
    try:
        for number, line in enumerate(lines, start=1):
            if not line.startswith(OWN_LINES):
                if not wanted:
                    continue
                if not tasks or header is None:
                    raise RecordError("a record before any task")
                tasks[-1][1].append(_read_own(line, tasks[-1][0], header))
                continue
            match _own_line(line if with_histories or checks_histories else without_history(line), number, proven):
                case {"job": value}:
                    header = _read_header(value)
                case {"invalidates": value}:
                    _require_kind(header, ("invalidate", "revalidate"), "invalidates records")
                    invalidations.append(_read_invalidation(value))
                case {"section": value}:
                    _require_kind(header, ("tune", "import", "revalidate"), "has tasks")
                    section = section_of(value)
                    wanted = with_records and _is_there(section.family, skip_absent)
                case {"task": value}:
                    tasks.append((_read_task(value, section), [], _read_history(value, with_histories)))
    except TvmgitlibError as error:
        raise error.at(file=file, line=number) from None
    if header is None:
        raise RecordError("the segment is empty", file=file)
    if segment_path(header.id) != file.rpartition(":")[2]:
        raise RecordError(f"the header says job {header.id}, the name another", file=file, line=1, field="job.id")
    entries = tuple(TaskRecords(task, tuple(found), history) for task, found, history in tasks)
    return Segment(header, entries, tuple(invalidations))


def _own_line(line: bytes, number: int, proven: bool) -> dict[str, Any]:
    """A line of our own, held to the schema where it was not proven to keep to it."""
    document: dict[str, Any] = read_json(line)
    if not proven:
        schema.check(document, "segment")
    if (number == 1) != ("job" in document):
        raise RecordError("the header is the first line and no other")
    return document


def without_history(line: bytes) -> bytes:
    """A line without the history that it may end with: before it stand texts, in which the quotes would be escaped."""
    at = line.find(_HISTORY) if line.startswith(b'{"task":') else -1
    return line if at < 0 else line[:at] + b"}}"


def _is_there(family: FamilyName, skip_absent: bool) -> bool:
    """Whether a family can be used here.

    Raises:
        FamilyError: it cannot, and that is not to be skipped.
    """
    try:
        return families.find(family) is not None if skip_absent else bool(families.family(family).name)
    except FamilyError as error:
        raise error.at(field="section.family") from None


def _require_kind(header: Header | None, kinds: tuple[JobKind, ...], what: str) -> None:
    if header is None or header.kind not in kinds:
        raise RecordError(f"only a job of kind {' or '.join(kinds)} {what}")


def _read_own(line: bytes, task: Task, header: Header) -> StoredRecord:
    """Read a record below its task, and hold it to what the task and the header say."""
    stored = read_stored(line, families.family(task.section.family), task.section.platform.name)
    said = (stored.job, stored.finished, stored.trials, stored.tuned_with, stored.baseline)
    above = (header.id, header.finished, task.effort.trials, task.section.tuned_with, task.baseline)
    if said != above:
        field, here, there = next(each for each in zip(_BAG_FIELDS, said, above, strict=True) if each[1] != each[2])
        raise RecordError(f"the record says {here}, the lines above it {there}", field=f"{BAG_KEY}.{field}")
    if stored.record.workload != task.workload:
        raise RecordError("the record tunes another workload than the task above it")
    if not stored.record.target.target.is_recorded_as(task.section.target):
        raise RecordError("the record has another target than the section above it")
    return stored


def _line(document: dict[str, Any]) -> bytes:
    """A line of the segment's own; never one that could not be read again."""
    try:
        line = canonical_json(document).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"it cannot be written as JSON: {error}", field=next(iter(document))) from None
    schema.check(read_json(line), "segment")
    return line + b"\n"


def _header_json(header: Header) -> dict[str, Any]:
    document: dict[str, Any] = {
        "format": FORMAT,
        "id": header.id,
        "kind": header.kind,
        "started": header.started,
        "finished": header.finished,
        "author": header.author,
        "tuner": header.tuner,
        "options": header.options,
        "complete": header.complete,
        "tvm": header.tvm.to_json(),
        "sources": [
            {"name": source.name, "size": source.size, "sha256": source.sha256, "start": source.start}
            for source in header.sources
        ],
        **header.extra,
    }
    if header.reverts:
        document["reverts"] = list(header.reverts)
    if header.reason is not None:
        document["reason"] = header.reason
    return document


def _read_header(value: dict[str, Any]) -> Header:
    kind: JobKind = value["kind"]
    check_times(value)
    return Header(
        id=value["id"],
        kind=kind,
        started=value["started"],
        finished=value["finished"],
        author=value["author"],
        tuner=value["tuner"],
        options=value["options"],
        complete=value["complete"],
        tvm=TvmVersion(**value["tvm"]),
        sources=tuple(
            Source(source["name"], int(source["size"]), source["sha256"], int(source["start"]))
            for source in value["sources"]
        ),
        reverts=tuple(value.get("reverts", ())),
        reason=value.get("reason"),
        extra={key: member for key, member in value.items() if key.startswith("x-")},
    )


def check_times(value: dict[str, Any]) -> None:
    """Refuse a header, as it is written, that says of a moment what is none.

    Raises:
        RecordError: naming the field.
    """
    for end in ("started", "finished"):
        check_time(value[end], f"job.{end}")


def _invalidation_json(invalidation: Invalidation) -> dict[str, Any]:
    records = None if invalidation.records is None else list(invalidation.records)
    document = {"job": invalidation.job, "records": records}
    return document if invalidation.reason is None else {**document, "reason": invalidation.reason}


def _read_invalidation(value: dict[str, Any]) -> Invalidation:
    records = None if value["records"] is None else tuple(value["records"])
    return Invalidation(value["job"], records, value.get("reason"))


def section_line(section: Section) -> bytes:
    """The line of a section, without its line end."""
    return _line({"section": _section_json(section)}).removesuffix(b"\n")


def _section_json(section: Section) -> dict[str, Any]:
    return {
        "family": section.family,
        "target": {
            "canonical": read_json((section.target.recorded or section.target.key).encode()),
            "given": list(section.given),
            "facts": section.target_facts,
        },
        "platform": {"name": section.platform.name, "facts": section.platform.facts},
        "tuned_with": section.tuned_with.to_json(),
    }


def section_of(value: dict[str, Any]) -> Section:
    """A section as it is written."""
    target = value["target"]
    return Section(
        family=value["family"],
        target=recorded_target(target["canonical"], target["facts"]),
        given=tuple(target["given"]),
        target_facts=target["facts"],
        platform=Platform(**value["platform"]),
        tuned_with=TvmVersion(**value["tuned_with"]),
    )


def _task_json(entry: TaskRecords) -> dict[str, Any]:
    task = entry.task
    workload = {"id": task.workload.id, "text": task.workload.text}
    if task.workload.signature is not None:
        workload["signature"] = task.workload.signature
    if task.workload.module is not None:
        workload["module"] = task.workload.module
    effort = task.effort
    document: dict[str, Any] = {
        "workload": workload,
        "effort": {
            "trials": effort.trials,
            "configs": effort.configs,
            "errors": effort.errors,
            "exhausted": effort.exhausted,
            "sample": encode_sample(effort.sample),
        },
    }
    if task.baseline is not None:
        document["baseline"] = task.baseline
    if task.workload.desc is not None:
        document[DESC_KEY] = task.workload.desc
    if entry.history:
        document[HISTORY_KEY] = write_history(entry.history)
    return document


def _read_history(value: dict[str, Any], is_wanted: bool) -> tuple[Trial, ...]:
    """The history of a task, which is checked in any case; empty where it is not wanted, or was cut off."""
    if HISTORY_KEY not in value:
        return ()
    if is_wanted:
        return read_history(value[HISTORY_KEY])
    check_history(value[HISTORY_KEY])
    return ()


def _read_task(value: dict[str, Any], section: Section | None) -> Task:
    if section is None:
        raise RecordError("a task before any section")
    given = value["workload"]
    names = (given["text"], given.get("signature"), given.get("module"), value.get(DESC_KEY))
    workload = Workload(section.family, *names)
    if workload.id != given["id"]:
        raise RecordError(f"the workload's id is {workload.id}", field="task.workload.id")
    require_own_module(workload)
    return Task(section, workload, effort_of(value["effort"]), value.get("baseline"))


def require_own_module(workload: Workload) -> None:
    """Refuse a workload whose module is another one's, as far as its family is installed here.

    Raises:
        RecordError: it is, or is malformed.
    """
    if workload.module is not None:
        family = families.find(workload.family)
        if family is not None and family.workload_of(workload.module.encode()) != workload:
            raise RecordError("the module is another workload's", field="task.workload.module")


def effort_of(value: dict[str, Any]) -> Effort:
    """An effort as it is written.

    Raises:
        RecordError: it counts what cannot be.
    """
    try:
        sample = decode_sample(value["sample"])
    except ValueError as error:
        raise RecordError(str(error), field="task.effort.sample") from None
    errors = {kind: int(count) for kind, count in value["errors"].items()}
    effort = Effort(int(value["trials"]), int(value["configs"]), errors, value["exhausted"], sample)
    for field, count in (("configs", effort.configs), ("errors", effort.failed), ("sample", len(sample))):
        if count > effort.trials:
            raise RecordError(f"{count:,} of {plural(effort.trials, 'trial')}", field=f"task.effort.{field}")
    return effort
