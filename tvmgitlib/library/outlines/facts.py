"""What the index knows of a job: enough to find it, never more than its segment says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import orjson

from tvmgitlib.format import (
    ADDING,
    Lead,
    SkimmedSection,
    SkimmedTask,
    lines_of,
    read_segment,
    section_line,
    skim_segment,
)
from tvmgitlib.model import (
    Effort,
    FamilyName,
    Header,
    JobKind,
    Json,
    Place,
    Section,
    Segment,
    Source,
    Workload,
    canonical_json,
)
from tvmgitlib.rules.plausibility import LEAD, MEASURED

#: A family, a platform's name and a workload's id.
Spot: TypeAlias = "tuple[FamilyName, str, str]"


class Told(NamedTuple):
    """A job in one line.

    Attributes:
        job: its id.
        kind: what it is.
        tuner: the tuner's name.
        trials: of all its tasks together.
        tasks: how many it has.
    """

    job: str
    kind: JobKind
    tuner: str | None
    trials: int
    tasks: int

    @classmethod
    def of(cls, segment: Segment) -> Told:
        """What a segment tells."""
        header = segment.header
        trials = sum(entry.task.effort.trials for entry in segment.tasks)
        return cls(header.id, header.kind, header.tuner, trials, len(segment.tasks))


class Facts(NamedTuple):
    """What the index holds of a job.

    Attributes:
        told: the job in one line.
        finished: when it finished; empty where nobody knows.
        decides: whether it says anything of the records of others.
        claims: what it was told of all its records.
        tasks: its tasks.
        sources: of an import, its logs.
    """

    told: Told
    finished: str
    decides: bool
    claims: str
    tasks: Sequence[SkimmedTask]
    sources: Sequence[Source]

    @classmethod
    def of(cls, content: bytes, path: str) -> Facts:
        """What a segment says.

        Raises:
            RecordError: it is malformed, as far as that was looked at.
        """
        skimmed = skim_segment(content, path)
        if skimmed is None:
            return cls.of_segment(read_segment(lines_of(content, path), path, with_records=False))
        header, tasks = skimmed
        kind = header["kind"]
        return cls(
            Told(header["id"], kind, header["tuner"], sum(task.effort.trials for task in tasks), len(tasks)),
            header["finished"] or "",
            False,
            _claims(orjson.dumps([header["options"], header["tvm"]])),
            tasks,
            [Source(each["name"], int(each["size"]), each["sha256"], int(each["start"])) for each in header["sources"]]
            if kind == "import"
            else [],
        )

    @classmethod
    def of_segment(cls, segment: Segment) -> Facts:
        """The same of a segment that was read."""
        header = segment.header
        tasks = [
            SkimmedTask(_section(task.section), task.workload, task.effort, task.baseline is not None)
            for task in (entry.task for entry in segment.tasks)
        ]
        about = claims_of(header)
        sources = list(sources_told(segment))
        return cls(Told.of(segment), header.finished or "", decides(segment), about, tasks, sources)


def _section(section: Section) -> SkimmedSection:
    platform = section.platform
    told = bool(platform.facts)
    return SkimmedSection(section.family, platform.name, section.target.key, told, section_line(section))


class Spent(NamedTuple):
    """What a job has spent on a task.

    Attributes:
        job: the job's id.
        finished: when it finished; None where nobody knows.
        section: where.
        workload: what; whether with a module is not said.
        effort: how much.
    """

    job: str
    finished: str | None
    section: Section
    workload: Workload
    effort: Effort

    @property
    def place(self) -> Place:
        """What the records of the task answer for."""
        return self.section.place(self.workload)

    @classmethod
    def of(cls, segment: Segment) -> Iterator[Spent]:
        """What a segment tells, task by task."""
        header = segment.header
        for task in (entry.task for entry in segment.tasks):
            yield cls(header.id, header.finished, task.section, task.workload, task.effort)


class Addition(NamedTuple):
    """That a commit added a job.

    Attributes:
        job: the job's id.
        commit: the commit.
        date: its author date, ISO 8601 with offset.
        author: its author's name.
    """

    job: str
    commit: str
    date: str
    author: str


class Spread:
    """How far the costs of each workload are apart, of as many jobs as are taken in: on each platform for each target.

    Only jobs that add records are counted, as the index does.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], _Apart] = {}

    def take(self, segment: Segment) -> None:
        """Take in a job that was read with its records."""
        if segment.header.kind in ADDING and not segment.header.reverts:
            for entry in segment.tasks:
                task = entry.task
                section, costs = task.section, [stored.record.cost for stored in entry.records[:2]]
                place = (section.target.key, section.platform.name, task.workload.id)
                self._add(section.family, place, Lead(task.effort.configs, *costs))

    def add(self, task: SkimmedTask) -> None:
        """Take in a task that was skimmed."""
        section = task.section
        self._add(section.family, (section.target, section.platform, task.workload.id), task.lead)

    def _add(self, family: FamilyName, place: tuple[str, str, str], lead: Lead) -> None:
        known = self._found.get(place)
        configs, first, last = lead.configs, lead.first, lead.first if lead.second is None else lead.second
        if known is not None:
            configs += known.configs
            first = min((cost for cost in (first, known.first) if cost is not None), default=None)
            last = max((cost for cost in (last, known.last) if cost is not None), default=None)
        self._found[place] = _Apart(family, configs, first, last)

    def far_ahead(self) -> set[Spot]:
        """Where the best config may be too far ahead of all others; more than where it is."""
        return {
            (apart.family, platform, workload)
            for (_, platform, workload), apart in self._found.items()
            if apart.configs >= MEASURED
            and apart.first is not None
            and apart.last is not None
            and apart.last > LEAD * apart.first
        }


class _Apart(NamedTuple):
    """Of the jobs of a workload: its family, how many configs they measured, the best cost, and the worst runner-up (or
    best, of a job that has no other), in seconds.
    """

    family: FamilyName
    configs: int
    first: float | None
    last: float | None


def decides(segment: Segment) -> bool:
    """Whether a job says anything of the records of others."""
    return bool(segment.header.reverts or segment.invalidations) or segment.header.kind == "revalidate"


def claims(options: Mapping[str, Any], tvm: Mapping[str, Json]) -> str:
    """What an import was told of all its records, as text: imports that were told the same are about the same.

    Args:
        options: the options of its job.
        tvm: its TVM, as it is written.
    """
    told = [options.get("platform"), options.get("facts"), tvm]
    for name in ("upgrade", "complete_target", "only_target"):  # with these, other lines count, or for other targets
        if options.get(name):
            told.append({name: options[name]})
    return canonical_json(told)


@lru_cache(maxsize=1024)  # most imports are told what others were told
def _claims(told: bytes) -> str:
    return claims(*orjson.loads(told))


def claims_of(header: Header) -> str:
    """The same of a header that was read."""
    return claims(header.options, header.tvm.to_json())


def sources_told(segment: Segment) -> tuple[Source, ...]:
    """The logs of an import; other jobs' logs are nobody else's."""
    return segment.header.sources if segment.header.kind == "import" else ()
