"""What the index knows of a job: enough to find it, never more than its segment says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tvmgitlib.model import Header, JobKind, Place, Segment, Source, canonical_json


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


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a job has to have: a task for which all of this is so; None for anything.

    Attributes:
        family: the tuner family.
        platform: the platform's name.
        workload: the workload's id.
        baseline: True where the task has to say what an untuned config takes.
    """

    family: str | None = None
    platform: str | None = None
    workload: str | None = None
    baseline: bool = False

    @classmethod
    def to(cls, place: Place) -> Narrowing:
        """Whatever may answer for a place (on any target: that is for who asks to decide)."""
        return cls(place.family, place.platform, place.workload.id)

    def matches(self, segment: Segment) -> bool:
        """Whether a job has such a task."""
        return any(
            self.family in (None, entry.task.section.family)
            and self.platform in (None, entry.task.section.platform.name)
            and self.workload in (None, entry.task.workload.id)
            and (not self.baseline or entry.task.baseline is not None)
            for entry in segment.tasks
        )


def decides(segment: Segment) -> bool:
    """Whether a job says anything of the records of others."""
    return bool(segment.header.reverts or segment.invalidations) or segment.header.kind == "revalidate"


def claims(header: Header) -> str:
    """What an import was told of all its records, as text: imports that were told the same are about the same."""
    told = [header.options.get("platform"), header.options.get("facts"), header.tvm.to_json()]
    for name in ("upgrade", "complete_target", "only_target"):  # with these, other lines count, or for other targets
        if header.options.get(name):
            told.append({name: header.options[name]})
    return canonical_json(told)


def sources_told(segment: Segment) -> tuple[Source, ...]:
    """The logs of an import; other jobs' logs are nobody else's."""
    return segment.header.sources if segment.header.kind == "import" else ()
