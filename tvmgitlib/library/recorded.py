"""What is on record for one workload, wherever it is: committed jobs, and jobs still in progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tvmgitlib.errors import RecordError
from tvmgitlib.library.contents import Contents
from tvmgitlib.library.logs import Leniency, read_log, survey
from tvmgitlib.library.lookup import device_key, lookup_keys
from tvmgitlib.library.open_jobs import OpenJob
from tvmgitlib.model.job import Effort, Section
from tvmgitlib.model.record import ErrorKind, TuningRecord
from tvmgitlib.model.target import Target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName, Workload
from tvmgitlib.rules.effort import EffortCounter, union
from tvmgitlib.rules.segment import StoredRecord

#: Failures that come again whenever the same config is tried: worth remembering. Timeouts and faults of the device are
#: not.
DETERMINISTIC: Final[frozenset[ErrorKind]] = frozenset(
    ("instantiation", "compile_host", "compile_device", "wrong_answer")
)


@dataclass(frozen=True, slots=True)
class Place:
    """A workload on a target and platform: what a record answers for."""

    family: FamilyName
    target: Target
    platform: str
    workload: Workload

    @property
    def identity(self) -> tuple[str, str, str]:
        """Family, target key and workload text, as `OpenJob.exhausted` names it."""
        return (self.family, self.target.key, self.workload.text)

    def holds(self, family: FamilyName, target: Target, workload: Workload) -> bool:
        """Whether a record of this identity belongs here, as a lookup sees it: see `lookup_keys`."""
        return (
            family == self.family
            and workload.text == self.workload.text
            and device_key(target) in lookup_keys(self.target)
        )

    def is_in(self, section: Section) -> bool:
        """Whether a section of a job is about this family, target and platform."""
        return section.platform.name == self.platform and self.holds(section.family, section.target, self.workload)


def read_job(job: OpenJob) -> Iterator[TuningRecord]:
    """The records that a job in progress has logged so far; a torn last line is left out.

    Raises:
        RecordError: a line is malformed.
    """
    leniency = Leniency(drop_torn=True)
    for path in job.logs():
        try:
            log = survey(path, leniency)
        except RecordError:
            if path.is_dir():
                continue  # MetaSchedule has made its files, and nothing is in them yet
            raise
        yield from (record for _, record in read_log(log, leniency, []))


def effort_of(
    contents: Contents,
    logged: Iterable[TuningRecord],
    place: Place,
    tvm: TvmVersion,
    tuner: str | None = None,
    exhausted: bool = False,
) -> Effort | None:
    """The effort on record for a workload with this TVM (its distribution and minor version); None when there is none.

    Args:
        contents: the committed jobs.
        logged: what the job in progress has measured.
        place: the workload.
        tvm: the TVM: effort with another one does not count.
        tuner: count only jobs of this tuner (and the job in progress).
        exhausted: whether the job in progress has measured the whole space of the workload.
    """
    efforts = []
    for segment in contents.outlines:
        if segment.header.id not in contents.standing.counting or (tuner and segment.header.tuner != tuner):
            continue
        for entry in segment.tasks:
            section = entry.task.section
            if entry.task.workload == place.workload and place.is_in(section) and same_tvm(section.tuned_with, tvm):
                efforts.append(entry.task.effort)
    counter = EffortCounter()
    count = 0
    for record in logged:
        if place.holds(record.family, record.target.target, record.workload):
            counter.add(record)
            count += 1
    if count:
        efforts.append(counter.finish(exhausted or None)[0])
    return union(efforts) if efforts else None


def same_tvm(one: TvmVersion, other: TvmVersion) -> bool:
    """Whether two are one distribution and minor version; an unknown distribution may be any."""
    known = one.distribution and other.distribution
    return one.minor == other.minor and not (known and one.distribution != other.distribution)


def stored_records(contents: Contents, place: Place, *, other_targets: bool = False) -> Iterator[StoredRecord]:
    """Every record of jobs that count for a workload: of all platforms and targets, if asked, else of this one."""
    for segment in contents.segments():
        for entry in segment.tasks:
            section = entry.task.section
            if entry.task.workload == place.workload and (other_targets or place.is_in(section)):
                yield from (stored for stored in entry.records if contents.standing.holds(stored))


def exact_records(contents: Contents, place: Place, tvm: TvmVersion) -> Iterator[TuningRecord]:
    """The records of jobs that count for a workload that hold for this TVM."""
    for stored in stored_records(contents, place):
        if contents.verdict(stored, tvm).grade == "exact":
            yield stored.record
