"""Everything that a site shows of a library in one commit, as plain values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.library import jobs as history
from tvmgitlib.library.curves import CurvePoint, tuning_curve
from tvmgitlib.library.reading import Contents, LogEntry, log
from tvmgitlib.library.view import View
from tvmgitlib.model import Place, Segment, Task, TaskRecords, TvmgitlibError, counted, moment_of
from tvmgitlib.report.curves import Curve, compact, whole
from tvmgitlib.report.timeline import Step, Timeline
from tvmgitlib.store import Repository, histories

#: Who added a job of which no commit is known.
UNKNOWN: Final = "unknown"

#: How many points a curve of a kept history has, about: more of them no picture shows.
_MOST_POINTS = 300

#: What a place is told apart by.
PlaceKey: TypeAlias = "tuple[str, str, str, str]"

#: Family, target and workload: what a kept history says of a trial.
_Named: TypeAlias = "tuple[str, str, str]"


class Work(Struct, frozen=True):
    """What a job did for a workload.

    Attributes:
        job: the job.
        task: the effort, and what the untuned config took.
        cost: of its best record, in seconds; None where it has none.
        curve: what it tried; None where nothing is kept of that.
    """

    job: str
    task: Task
    cost: float | None
    curve: Curve | None


class JobFacts(Struct, frozen=True):
    """A job.

    Attributes:
        segment: what it says, without its tasks.
        entry: the commit that added it; None where no commit of this history is known to.
        works: what it did.
    """

    segment: Segment
    entry: LogEntry | None
    works: tuple[Work, ...]

    @property
    def id(self) -> str:
        return self.segment.header.id

    @property
    def date(self) -> str | None:
        """When it came to the library, else (where its commit says no moment) when it finished."""
        came = self.entry.date if self.entry else None
        return came if came is not None and moment_of(came) is not None else self.segment.header.finished

    @property
    def author(self) -> str | None:
        """Who added it; None where nobody knows."""
        return self.entry.author if self.entry else None

    @property
    def commit(self) -> str | None:
        """The commit that added it; None where it is not known."""
        return self.entry.commit if self.entry else None

    @property
    def subject(self) -> str:
        """What it did, in a line."""
        return (self.entry.subject if self.entry else None) or self.segment.header.kind

    @property
    def trials(self) -> int:
        """How many trials it has made."""
        return sum(work.task.effort.trials for work in self.works)


class PlaceFacts(Struct, frozen=True):
    """A workload on a target and platform.

    Attributes:
        place: which.
        works: what jobs did for it, oldest first.
        steps: how its best config changed, oldest first.
    """

    place: Place
    works: tuple[Work, ...]
    steps: tuple[Step, ...]


class Gathered(Struct, frozen=True, dict=True):
    """A library in one commit.

    Attributes:
        name: the name of its folder.
        commit: the commit.
        jobs: its jobs, oldest first.
        places: what they tuned, by `Place.order`.
    """

    name: str
    commit: str
    jobs: tuple[JobFacts, ...]
    places: dict[PlaceKey, PlaceFacts]

    @cached_property
    def by_id(self) -> dict[str, JobFacts]:
        """The jobs by their ids."""
        return {job.id: job for job in self.jobs}


def gather(view: View) -> Gathered:
    """Read a library.

    Raises:
        TvmgitlibError: something in it is malformed.
    """
    with view.reading() as contents:
        entries = {entry.job: entry for entry in log(view.repository, contents)}
        ordered = _in_order(contents, entries)
        segments = [_segment(contents, job) for job in counted("reading jobs", ordered, len(ordered))]
        timeline = Timeline(segments, contents.settings)
    kept = histories(view.repository)
    worked = [
        _works(segment, _whole(view.repository, segment) if segment.header.id in kept else {}) for segment in segments
    ]
    parts: defaultdict[PlaceKey, dict[int, Segment]] = defaultdict(dict)
    works: defaultdict[PlaceKey, list[Work]] = defaultdict(list)
    for position, segment in enumerate(segments):
        of_place: defaultdict[PlaceKey, list[TaskRecords]] = defaultdict(list)
        for entry, work in zip(segment.tasks, worked[position], strict=True):
            key = entry.task.place.order
            of_place[key].append(entry)
            works[key].append(work)
        for key, tasks in of_place.items():
            parts[key][position] = replace(segment, tasks=tuple(tasks))
    return Gathered(
        name=view.path.name,
        commit=view.commit,
        jobs=tuple(
            JobFacts(replace(segment, tasks=()), entries.get(segment.header.id), works_of)
            for segment, works_of in zip(segments, worked, strict=True)
        ),
        places={
            key: PlaceFacts(works[key][-1].task.place, tuple(works[key]), tuple(timeline.steps(parts[key])))
            for key in sorted(parts)
        },
    )


def _in_order(contents: Contents, entries: dict[str, LogEntry]) -> list[str]:
    """The jobs, oldest first; those of which no commit is known came before."""
    known = [job for job, entry in reversed(entries.items())]
    others = sorted(
        (segment.header.finished or "", segment.header.id)
        for segment in contents.outlines
        if segment.header.id not in entries
    )
    return [*(job for _, job in others), *known]


def _segment(contents: Contents, job: str) -> Segment:
    return contents.segment(job, with_records=True, with_histories=True)


def _works(segment: Segment, kept: Mapping[_Named, Curve]) -> tuple[Work, ...]:
    return tuple(
        Work(
            segment.header.id,
            entry.task,
            min((stored.record.cost for stored in entry.records), default=None),
            kept.get(_named(entry.task)) or compact(entry.history),
        )
        for entry in segment.tasks
    )


def _named(task: Task) -> _Named:
    place = task.place
    return (place.family, place.target.key, place.workload.text)


def _whole(repository: Repository, segment: Segment) -> dict[_Named, Curve]:
    """The curves of a job whose whole history is here."""
    try:
        points = tuning_curve(history.history_of(repository, segment.header))
    except TvmgitlibError:  # what is here is not what the job was made from: then the segment has to do
        return {}
    by_task: defaultdict[_Named, list[CurvePoint]] = defaultdict(list)
    for point in points:
        by_task[point.family, point.target, point.workload].append(point)
    return {task: whole(found, _MOST_POINTS) for task, found in by_task.items()}


def people(gathered: Gathered) -> Iterator[tuple[str, int, int, str | None]]:
    """Who added jobs: name, how many jobs, how many trials, and when last; the most jobs first."""
    by_name: defaultdict[str, list[JobFacts]] = defaultdict(list)
    for job in gathered.jobs:
        by_name[job.author or UNKNOWN].append(job)
    for name, jobs in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0])):
        last = max((job.date for job in jobs if job.date), default=None)
        yield name, len(jobs), sum(job.trials for job in jobs), last
