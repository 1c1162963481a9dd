"""What a segment says of its job and tasks, without what only a reading of the whole would tell: for indexes.

Nearly all segments of a large library are of jobs that add records, and repeat each other's sections. Those are read
here at little more than the cost of parsing; whatever is not plainly such a one is left to `read_segment`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from tvmgitlib.format import schema
from tvmgitlib.format.leads import Lead, lead_of
from tvmgitlib.format.lines import lines_of
from tvmgitlib.format.segment import check_times, effort_of, require_own_module, without_history
from tvmgitlib.format.stored import DESC_KEY, OWN_LINES
from tvmgitlib.model import Effort, FamilyName, TvmgitlibError, Workload, read_json, recorded_target, segment_path

#: The kinds of jobs that add records and decide nothing about those of others.
ADDING = ("tune", "import")


class SkimmedSection(NamedTuple):
    """Where tasks ran: the family, the platform's name, the target's key, whether facts of the platform are told, and
    the line that says all of it.
    """

    family: FamilyName
    platform: str
    target: str
    has_facts: bool
    line: bytes


class SkimmedTask(NamedTuple):
    """A task: where it ran, its workload (without a module), its effort, whether it says what an untuned config takes,
    its best's lead.
    """

    section: SkimmedSection
    workload: Workload
    effort: Effort
    has_baseline: bool
    lead: Lead = Lead()


def skim_segment(content: bytes, file: str) -> tuple[dict[str, Any], list[SkimmedTask]] | None:
    """The header, as it is written, and the tasks of a job that adds records; None where the segment has to be read.

    Args:
        content: the segment.
        file: its name.
    """
    try:
        return _skimmed(content, file)
    except (TvmgitlibError, ValueError):
        return None


def _skimmed(content: bytes, file: str) -> tuple[dict[str, Any], list[SkimmedTask]] | None:
    first, *others = lines_of(content, file)
    header = _document(first).get("job")
    if header is None or header["kind"] not in ADDING or "reverts" in header or segment_path(header["id"]) != file:
        return None
    check_times(header)
    section: SkimmedSection | None = None
    tasks: list[SkimmedTask] = []
    for at, line in enumerate(others):
        if line.startswith(b'{"task":'):
            if section is None:
                return None
            tasks.append(_task(line, section, list(takewhile(_is_record, others[at + 1 : at + 3]))))
        elif line.startswith(b'{"section":'):
            section = _section(line)
        elif line.startswith((b'{"job":', b'{"invalidates":')):
            return None
    return header, tasks


def _document(line: bytes) -> dict[str, Any]:
    document: dict[str, Any] = read_json(line)
    schema.check(document, "segment")
    return document


@lru_cache(maxsize=4096)
def _section(line: bytes) -> SkimmedSection:
    value = _document(line)["section"]
    target = recorded_target(value["target"]["canonical"], value["target"]["facts"])
    return SkimmedSection(
        value["family"], value["platform"]["name"], target.key, bool(value["platform"]["facts"]), line
    )


def _is_record(line: bytes) -> bool:
    return not line.startswith(OWN_LINES)


def _task(line: bytes, section: SkimmedSection, records: list[bytes]) -> SkimmedTask:
    value = _document(without_history(line))["task"]
    given, effort = value["workload"], effort_of(value["effort"])
    workload = _workload(section.family, given["text"], given.get("signature"), value.get(DESC_KEY))
    if workload.id != given["id"]:
        raise ValueError(given["id"])
    if "module" in given:
        _require_module(section.family, given["text"], given["module"])
    lead = lead_of(line, effort.configs, records, section.family, workload)
    return SkimmedTask(section, workload, effort, value.get("baseline") is not None, lead)


@lru_cache(maxsize=64)  # a module may be a hundred kilobytes
def _require_module(family: FamilyName, text: str, module: str) -> None:
    require_own_module(Workload(family, text, module=module))


@lru_cache(maxsize=4096)
def _workload(family: FamilyName, text: str, signature: str | None, desc: str | None) -> Workload:
    return Workload(family, text, signature, desc=desc)
