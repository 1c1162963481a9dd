"""From a stream of tuning records to a job: who they answer for, what effort they were, which are the best."""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.format import is_writable, store, task_order
from tvmgitlib.library.changes import Counts
from tvmgitlib.library.jobs.completing import may_mean
from tvmgitlib.library.jobs.files.numbers_file import NumbersFile
from tvmgitlib.library.jobs.logs import Remarks, Run, first_line
from tvmgitlib.library.platforms import THIS, detect_for, platform_for
from tvmgitlib.model import (
    CLOCK_SKEW,
    SEGMENT_RECORDS,
    FamilyName,
    GivenTarget,
    Header,
    Invalidation,
    JobError,
    JobSpec,
    Json,
    Platform,
    PlatformError,
    Section,
    Segment,
    Target,
    Task,
    TaskIdentity,
    TaskRecords,
    Trial,
    TuningRecord,
    TvmgitlibError,
    TvmVersion,
    Where,
    Workload,
    canonical_json,
    completed,
    merged_facts,
    parse_target,
    utc_text,
)
from tvmgitlib.rules.effort import EffortCounter, PutAway
from tvmgitlib.rules.history import TrialSample


class Origin(Struct, frozen=True):
    """What is known about all records of a job beside what they say themselves.

    Attributes:
        target: the only target allowed; None for any.
        platform: the platform's name where a target's `-model` gives none; None where nobody named it.
        facts: platform facts, detected or given by the user.
        tvm: the TVM they were tuned with; None to believe the log.
        complete_target: what a target means that leaves some of it out; None to leave it as it is.
        where: where they were measured: a platform that nobody named is only detected where that was here.
    """

    target: Target | None = None
    platform: str | None = None
    facts: dict[str, Json] = field(default_factory=dict)
    tvm: TvmVersion | None = None
    complete_target: Target | None = None
    where: Where = "here"

    @classmethod
    def of(cls, spec: JobSpec) -> Origin:
        """What a job's spec says of all its records."""
        target = parse_target(spec.target).target if spec.target is not None else None
        whole = parse_target(spec.complete_target).target if spec.complete_target is not None else None
        return cls(target, spec.platform_name, spec.platform_facts, spec.tvm, whole, spec.where)

    def is_completed(self, target: GivenTarget) -> bool:
        """Whether a target can be what the user says that targets mean, so far as they leave it out."""
        return self.complete_target is not None and may_mean(target, self.complete_target)

    def completed(self, record: TuningRecord) -> TuningRecord:
        """A record with what the user says of its target beside what its text says."""
        if self.complete_target is None or not self.is_completed(record.target):
            return record
        return record._replace(target=completed(record.target, self.complete_target))

    def section(self, record: TuningRecord) -> Section:
        """Where a record belongs.

        Raises:
            JobError: it has another target than the job.
            PlatformError: nothing says on which platform it was measured.
            RecordError: the log's TVM cannot be the one that the user named.
        """
        if self.target is not None and record.target.target.device_key != self.target.device_key:
            less = record.target.target.device_key in self.target.near_keys
            raise JobError(
                f"a record for {record.target.target.label}, and the job is for {self.target.label}",
                hint="An import with --complete-target in the place of --target says what the log leaves out."
                if less
                else "Without --target a job takes records of every target; import --only-target takes those of one "
                "and counts the others.",
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
        found = platform_for(target, self.platform, here=self.where == "here")
        if found is None:
            raise PlatformError(
                f"nothing says which platform was measured: the target {target.target.label} names no model, and "
                f"{_NOT_HERE[self.where]}",
                hint=_name_it(target.target, self.where),
            )
        return Platform(found.name, merged_facts(found.facts, self.facts))

    def _tuned_with(self, record: TuningRecord) -> TvmVersion:
        said = TvmVersion(None, record.tvm_version, "log") if record.tvm_version else TvmVersion()
        if self.tvm is None:
            return said
        return families.family(record.family).tuned_with(said, self.tvm)


#: Why a platform that nobody names is not detected.
_NOT_HERE: Final[Mapping[Where, str]] = {
    "here": "it is not this machine's",
    "elsewhere": "it was measured on another machine",
    "unsaid": "a log does not say where it was measured",
}


def _name_it(target: Target, where: Where) -> str:
    """The way on where nothing says which platform was measured."""
    hint = "Give its name with --platform NAME"
    here = detect_for(target) if where == "unsaid" else None
    return f"{hint}, or say --platform {THIS} if it was this machine ({here.name})." if here else f"{hint}."


class OnlyTargets:
    """Takes the records of some targets, and counts those of others.

    A record is of a target when it generates the same code, and says nothing else of what the user's text says (its
    `-model`, a limit, the host).

    Args:
        targets: the targets, one at least.
    """

    def __init__(self, targets: Sequence[GivenTarget]) -> None:
        self._targets = targets
        self._takes: dict[str, bool] = {}

    @classmethod
    def of_any(cls, targets: Sequence[GivenTarget]) -> OnlyTargets | None:
        """What takes the records of some targets; None where there is none, and all are taken."""
        return cls(targets) if targets else None

    def of(self, runs: Iterable[Run], others: Counter[str]) -> Iterator[Run]:
        """The records that are taken; those that are not are counted, by the target's label."""
        for first, records in runs:
            for line, record in enumerate(records, start=first):
                if self._is_taken(record.target):
                    yield line, (record,)
                else:
                    others[record.target.target.label] += 1

    def _is_taken(self, target: GivenTarget) -> bool:
        known = self._takes.get(target.text)
        if known is None:
            known = any(_is_of(target, wanted) for wanted in self._targets)
            self._takes[target.text] = known
        return known


def _is_of(target: GivenTarget, wanted: GivenTarget) -> bool:
    if target.target.device_key != wanted.target.device_key or (wanted.model and target.model != wanted.model):
        return False
    said, asked = (
        {**each.facts, **dict(each.target.limits), "host": each.target.attributes.get("host")}
        for each in (target, wanted)
    )
    return all(
        said.get(name) in (None, value) for name, value in asked.items() if name not in _NAMES and value is not None
    )


#: What only says how a target was written.
_NAMES = frozenset(("keys", "tag", "model"))


#: What is above a cost by more than a mean is rounded by.
_ABOVE: Final = 1 + 1e-12

#: How many subjects are found by their objects.
_MOST_SUBJECTS: Final = 4096


class _TaskIntake:
    """The effort of one task, and its best records so far, one a config."""

    def __init__(self, section: Section, workload: Workload, keep: int, put_away: PutAway) -> None:
        self.section = section
        self.workload = workload
        self.effort = EffortCounter(put_away)
        self._sample = TrialSample()
        self._keep = keep
        self._best: dict[bytes, TuningRecord] = {}
        self._limit = math.inf

    def extend(self, records: Sequence[TuningRecord]) -> None:
        self.effort.extend(records)
        self._sample.extend(records)
        limit = self._limit
        for record in records:
            if record.error is None and min(record.costs) <= limit:  # else its mean is above it, too
                self._consider(record)

    def _consider(self, record: TuningRecord) -> None:
        cost = record.cost
        if cost > self._limit:
            return
        present = self._best.get(record.config)
        if present is None or cost < present.cost or (cost == present.cost and record.hash < present.hash):
            self._best[record.config] = record
            if len(self._best) > 4 * self._keep:
                best = self.best()
                self._best = {record.config: record for record in best}
                self._limit = best[-1].cost * _ABOVE

    def best(self) -> list[TuningRecord]:
        return heapq.nsmallest(self._keep, self._best.values(), key=_order)

    def history(self) -> tuple[Trial, ...]:
        """Some of its trials; none of which their family does not say what they decided, or says what none can."""
        trials = []
        for record in self._sample.chosen(self.best()):
            decisions = families.decisions(record)
            if decisions is not None and is_writable(decisions):
                trials.append(Trial(decisions, record.cost if record.error is None else None, record.error))
        return tuple(trials)


def _not_yet(record: TuningRecord) -> TuningRecord:
    """A trial that says it was measured in the future, which nobody can have: it says nothing of its config."""
    if record.error is not None or record.measured_at is None:
        return record
    why = f"a time stamp in the future, {utc_text(record.measured_at)}"
    return record._replace(error="unknown", unusable=why)


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
        self._subjects: dict[tuple[int, int, str | None], tuple[_TaskIntake, GivenTarget, Workload]] = {}
        self._names = NumbersFile()
        self._read = 0
        self._detected: dict[str, Platform] = {}
        self._first, self._last = math.inf, -math.inf
        self._latest = time.time() + CLOCK_SKEW.total_seconds()
        self._ahead = 0

    def add(self, record: TuningRecord) -> TuningRecord:
        """Take one record in; returns it as it counts: a trial that says it is yet to come is a failure.

        Raises:
            TvmgitlibError: it does not belong into this job, or nothing says where it belongs.
        """
        if self._origin.complete_target is not None:
            record = self._origin.completed(record)
        is_ahead = record.measured_at is not None and record.measured_at > self._latest
        if is_ahead:
            record = _not_yet(record)
        subject = self._subjects.get((id(record.target), id(record.workload), record.tvm_version))
        task = self._task(record) if subject is None else subject[0]
        task.extend((record,))
        self._read += 1
        self._ahead += is_ahead
        if not is_ahead and record.measured_at is not None:
            self._first = min(self._first, record.measured_at)
            self._last = max(self._last, record.measured_at)
        return record

    def _add_all(self, records: Sequence[TuningRecord]) -> bool:
        """As `add` of each, where there is nothing to say of any, at a fraction of the time.

        Returns:
            Whether they were taken in; else none was.
        """
        if self._origin.complete_target is not None:
            return False
        by_subject: dict[tuple[int, int, str | None], list[TuningRecord]] = {}
        for record in records:
            if record.unusable is not None:
                return False
            subject = (id(record.target), id(record.workload), record.tvm_version)
            if subject in by_subject:
                by_subject[subject].append(record)
            else:
                by_subject[subject] = [record]
        if not by_subject.keys() <= self._subjects.keys():
            return False
        times = [record.measured_at for record in records if record.measured_at is not None]
        if times:
            last = max(times)
            if last > self._latest:
                return False
            self._first = min(self._first, min(times))
            self._last = max(self._last, last)
        for subject, of_subject in by_subject.items():
            self._subjects[subject][0].extend(of_subject)
        self._read += len(records)
        return True

    def _task(self, record: TuningRecord) -> _TaskIntake:
        """The task of a record; from here on also by its very objects, which a log's lines share."""
        section = self._section(record)
        task = self._tasks.get((id(section), record.workload.text))
        if task is None:
            task = _TaskIntake(section, record.workload, self._keep, self._names.put)
            self._tasks[id(section), record.workload.text] = task
        if len(self._subjects) == _MOST_SUBJECTS:
            self._subjects.clear()
        # They are kept, so that no other object gets their place in memory.
        subject = (task, record.target, record.workload)
        self._subjects[id(record.target), id(record.workload), record.tvm_version] = subject
        return task

    def extend(
        self,
        file: str,
        runs: Iterable[Run],
        remarks: Remarks | None = None,
        *,
        skip_invalid: bool = False,
    ) -> None:
        """Take the records of a log in.

        Args:
            file: the log, for messages.
            runs: what is in it.
            remarks: is told of what was left out, and of trials whose times can be none.
            skip_invalid: leave out what does not belong into this job.

        Raises:
            TvmgitlibError: as `add`, naming file and line.
        """
        remarks = remarks or Remarks()
        if self._origin.complete_target is not None:
            remarks.completed = remarks.completed or 0
        for first, records in runs:
            if self._add_all(records):
                continue
            for line, record in enumerate(records, start=first):
                try:
                    taken = self.add(record)
                except TvmgitlibError as error:
                    error.at(file=file, line=line)
                    if not skip_invalid or isinstance(error, PlatformError):
                        raise
                    remarks.left_out.append(first_line(error))
                    continue
                if remarks.completed is not None:
                    self._note_completion(record, remarks)
                if taken.unusable is not None:
                    remarks.unusable.append(f"{file}, line {line}: {taken.unusable}")

    def _note_completion(self, record: TuningRecord, remarks: Remarks) -> None:
        if not self._origin.is_completed(record.target):
            remarks.not_completed[record.target.target.label] += 1
        elif self._origin.completed(record).target is not record.target:
            remarks.completed = (remarks.completed or 0) + 1

    @property
    def read(self) -> int:
        """How many records were taken in."""
        return self._read

    @property
    def ahead(self) -> int:
        """How many of them say that they were measured in the future."""
        return self._ahead

    @property
    def incomplete(self) -> list[str]:
        """The targets, for people, that leave open which machine they are for: no build that says it gets a record."""
        targets = {section.target for section in self._places.values()}
        return sorted(each.label for each in targets if each.lacks_triple)

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
                [
                    *section.place(record.workload).order[:3],
                    section.platform.facts,
                    section.tuned_with.to_json(),
                    section.target.limits_text,
                ]
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
        described: Mapping[str, str] = MappingProxyType({}),
        invalidations: tuple[Invalidation, ...] = (),
    ) -> tuple[Segment, Counts]:
        """The job's segment, and what became of the lines.

        Args:
            header: the job.
            exhausted: the tasks whose whole space was measured, by `Task.identity`.
            baselines: seconds that the untuned config of tasks takes, by `Task.identity`.
            described: what TVM calls workloads, by their ids.
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
            workload = replace(intake.workload, desc=described.get(intake.workload.id))
            task = Task(whole[key], workload, effort, baselines.get(identity))
            records = tuple(store(record, header, task) for record in intake.best())
            entries.append(TaskRecords(task, records, intake.history()))
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
