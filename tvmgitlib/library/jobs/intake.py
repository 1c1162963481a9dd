"""From a stream of tuning records to a job: who they answer for, what effort they were, which are the best."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tvmgitlib import families
from tvmgitlib.errors import JobError, PlatformError, TvmgitlibError
from tvmgitlib.format import store, task_order
from tvmgitlib.library.changes import Counts
from tvmgitlib.library.jobs.logs import Remarks, first_line
from tvmgitlib.library.platforms.detect import detect_for
from tvmgitlib.model import (
    SEGMENT_RECORDS,
    FamilyName,
    GivenTarget,
    Header,
    Invalidation,
    JobSpec,
    Json,
    Platform,
    Section,
    Segment,
    Target,
    Task,
    TaskIdentity,
    TaskRecords,
    TuningRecord,
    TvmVersion,
    Workload,
    canonical_json,
    merged_facts,
    parse_target,
    platform_name_from,
    utc_text,
)
from tvmgitlib.rules.effort import EffortCounter


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known about all records of a job beside what they say themselves.

    Attributes:
        target: the only target allowed; None for any.
        platform: the platform's name where a target's `-model` gives none; None to detect it.
        facts: platform facts, detected or given by the user.
        tvm: the TVM they were tuned with; None to believe the log.
    """

    target: Target | None = None
    platform: str | None = None
    facts: dict[str, Json] = field(default_factory=dict)
    tvm: TvmVersion | None = None

    @classmethod
    def of(cls, spec: JobSpec) -> Origin:
        """What a job's spec says of all its records."""
        target = parse_target(spec.target).target if spec.target is not None else None
        return cls(target, spec.platform, spec.facts, spec.tvm)

    def section(self, record: TuningRecord) -> Section:
        """Where a record belongs.

        Raises:
            JobError: it has another target than the job.
            PlatformError: nothing says on which platform it was measured.
            RecordError: the log's TVM cannot be the one that the user named.
        """
        if self.target is not None and record.target.target.device_key != self.target.device_key:
            raise JobError(
                f"a record for {record.target.target.label}, and the job is for {self.target.label}",
                hint="Without --target a job takes records of every target.",
            )
        return Section(
            family=record.family,
            target=record.target.target,
            given=(record.target.text,),
            target_facts=dict(record.target.facts),
            platform=self.platform_of(record.target),
            tuned_with=self._tuned_with(record),
        )

    def platform_of(self, target: GivenTarget) -> Platform:
        """Where records of a target are measured.

        Raises:
            PlatformError: nothing says it.
        """
        if target.model is not None:
            return Platform(platform_name_from(target.model), self.facts)
        if self.platform is not None:
            return Platform(self.platform, self.facts)
        detected = detect_for(target.target)
        if detected is None:
            raise PlatformError(
                f"nothing says which platform was measured: the target {target.target.label} names no model, and it is "
                "not this machine's",
                hint="Give its name with --platform NAME.",
            )
        return Platform(detected.name, merged_facts(detected.facts, self.facts))

    def _tuned_with(self, record: TuningRecord) -> TvmVersion:
        said = TvmVersion(None, record.tvm_version, "log") if record.tvm_version else TvmVersion()
        if self.tvm is None:
            return said
        return families.family(record.family).tuned_with(said, self.tvm)


class _TaskIntake:
    """The effort of one task, and its best records so far, one a config."""

    def __init__(self, section: Section, workload: Workload, keep: int) -> None:
        self.section = section
        self.workload = workload
        self.effort = EffortCounter()
        self._keep = keep
        self._best: dict[bytes, TuningRecord] = {}
        self._limit = math.inf

    def add(self, record: TuningRecord) -> None:
        self.effort.add(record)
        cost = record.cost
        if record.error is not None or cost > self._limit:
            return
        present = self._best.get(record.config)
        if present is None or cost < present.cost or (cost == present.cost and record.hash < present.hash):
            self._best[record.config] = record
            if len(self._best) > 4 * self._keep:
                best = self.best()
                self._best = {record.config: record for record in best}
                self._limit = best[-1].cost

    def best(self) -> list[TuningRecord]:
        return heapq.nsmallest(self._keep, self._best.values(), key=_order)


def _order(record: TuningRecord) -> tuple[float, str]:
    return (record.cost, record.hash)


class Intake:
    """Takes records in, and makes a segment of them.

    Args:
        origin: what is known about all of them.
        keep: the library's K: the segment holds at least that many records a task.
    """

    def __init__(self, origin: Origin, keep: int) -> None:
        self._origin = origin
        self._keep = max(keep, SEGMENT_RECORDS)
        self._sections: dict[tuple[FamilyName, str, str | None], Section] = {}
        self._places: dict[str, Section] = {}
        self._tasks: dict[tuple[int, str], _TaskIntake] = {}
        self._read = 0
        self._detected: dict[str, Platform] = {}
        self._first, self._last = math.inf, -math.inf

    def add(self, record: TuningRecord) -> None:
        """Take one record in.

        Raises:
            TvmgitlibError: it does not belong into this job, or nothing says where it belongs.
        """
        section = self._section(record)
        task = self._tasks.get((id(section), record.workload.text))
        if task is None:
            task = _TaskIntake(section, record.workload, self._keep)
            self._tasks[id(section), record.workload.text] = task
        task.add(record)
        self._read += 1
        if record.measured_at is not None:
            self._first = min(self._first, record.measured_at)
            self._last = max(self._last, record.measured_at)

    def extend(
        self,
        file: str,
        records: Iterable[tuple[int, TuningRecord]],
        remarks: Remarks | None = None,
        *,
        skip_invalid: bool = False,
    ) -> None:
        """Take the records of a log in, each with the number of its line.

        Args:
            file: the log, for messages.
            records: what is in it.
            remarks: is told of what was left out, and of trials whose times can be none.
            skip_invalid: leave out what does not belong into this job.

        Raises:
            TvmgitlibError: as `add`, naming file and line.
        """
        remarks = remarks or Remarks()
        for line, record in records:
            try:
                self.add(record)
            except TvmgitlibError as error:
                error.at(file=file, line=line)
                if not skip_invalid or isinstance(error, PlatformError):
                    raise
                remarks.left_out.append(first_line(error))
                continue
            if record.unusable is not None:
                remarks.unusable.append(f"{file}, line {line}: {record.unusable}")

    @property
    def read(self) -> int:
        """How many records were taken in."""
        return self._read

    @property
    def detected(self) -> list[Platform]:
        """The platforms that neither a record nor the user named: what this machine was found to be."""
        return [self._detected[name] for name in sorted(self._detected)]

    def _section(self, record: TuningRecord) -> Section:
        """The section of a record: one object for all spellings of a target that are the same."""
        spelling = (record.family, record.target.text, record.tvm_version)
        section = self._sections.get(spelling)
        if section is None:
            section = self._origin.section(record)
            place = canonical_json(
                [*section.place(record.workload).order[:3], section.platform.facts, section.tuned_with.to_json()]
            )
            section = self._places.setdefault(place, section)
            self._sections[spelling] = section
            if record.target.model is None and self._origin.platform is None:
                self._detected[section.platform.name] = section.platform
        return section

    @property
    def measured(self) -> tuple[str | None, str | None]:
        """When the first and the last measurement were made, in ISO 8601; None where the logs do not say."""
        if self._read == 0 or self._last < 0:
            return None, None
        return utc_text(self._first), utc_text(self._last)

    def segment(
        self,
        header: Header,
        exhausted: Collection[TaskIdentity] = (),
        baselines: Mapping[TaskIdentity, float] = MappingProxyType({}),
        invalidations: tuple[Invalidation, ...] = (),
    ) -> tuple[Segment, Counts]:
        """The job's segment, and what became of the lines.

        Args:
            header: the job.
            exhausted: the tasks whose whole space was measured, by `Task.identity`.
            baselines: seconds that the untuned config of tasks takes, by `Task.identity`.
            invalidations: records of other jobs that this one has found not to hold.
        """
        given: dict[int, set[str]] = {}
        for (_, text, _), section in self._sections.items():
            given.setdefault(id(section), set()).add(text)
        whole = {key: replace(section, given=tuple(sorted(given[key]))) for key, section in self._by_id().items()}
        entries: list[TaskRecords] = []
        failed = duplicates = 0
        for (key, _), intake in self._tasks.items():
            identity = intake.section.place(intake.workload).task
            effort, repeated = intake.effort.finish(True if identity in exhausted else None)
            task = Task(whole[key], intake.workload, effort, baselines.get(identity))
            entries.append(TaskRecords(task, tuple(store(record, header, task) for record in intake.best())))
            failed += effort.failed
            duplicates += repeated
        entries.sort(key=lambda entry: task_order(entry.task))
        kept = sum(len(entry.records) for entry in entries)
        counts = Counts(
            read=self._read,
            failed=failed,
            duplicates=duplicates,
            kept=kept,
            dropped=self._read - failed - duplicates - kept,
            workloads=len({entry.task.place for entry in entries}),
        )
        return Segment(header, tuple(entries), invalidations), counts

    def _by_id(self) -> dict[int, Section]:
        return {id(section): section for section in self._places.values()}
