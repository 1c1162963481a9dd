"""Revalidating: stored best records are measured again, with this TVM and on this machine, and what holds is committed.

Minutes where tuning took hours: of each workload only the best records that do not hold here as they are, K at most.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tvmgitlib.errors import SelectionError, TargetError, TvmError, TvmgitlibError
from tvmgitlib.families import tvm_of_name
from tvmgitlib.library.jobs.open_jobs import RemeasuredNote
from tvmgitlib.library.jobs.recorded import DETERMINISTIC, Place, stored_records
from tvmgitlib.library.platforms.detect import detect_for, facts_here
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.grading import GRADES, Grader
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.library.reading.lookup import device_key, lookup_keys, platform_of
from tvmgitlib.library.reading.queries import selected
from tvmgitlib.library.reading.selection import Selection
from tvmgitlib.live.base import Remeasured, family_of_task, live_family, require_triple, running_tvm
from tvmgitlib.live.revalidation_values import Remeasurement, Revalidated, RevalidationState
from tvmgitlib.model.json import Json
from tvmgitlib.model.platform import merged_facts
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.segment import StoredRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import Workload
from tvmgitlib.rules.order import rank
from tvmgitlib.rules.validity import Grade

if TYPE_CHECKING:
    from tvmgitlib.live.config_library import ConfigLibrary
    from tvmgitlib.live.job import Job

_progress = logging.getLogger("tvmgitlib.progress")


@dataclass(frozen=True, slots=True)
class RevalidationRequest:
    """What is to be revalidated, and how.

    Attributes:
        tasks: the tasks; None for those of the selected records, made anew from what the records say.
        selection: which records.
        target: the target of tasks that do not carry one (MetaSchedule functions).
        platform: the platform that is at hand, where it cannot be detected or a target's `-model` names another.
        facts: platform facts, added to the detected ones.
        every: also measure records that hold as they are (after an upgrade of a driver that no policy compares, say).
        baseline: also measure the untuned config of each task.
        keep_refused: leave records that are refused in the library, for others who still use an older TVM.
        told: how to measure: see `LiveFamily.remeasure`.
    """

    tasks: Sequence[Any] | None = None
    selection: Selection = field(default_factory=Selection)
    target: object | None = None
    platform: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    every: bool = False
    baseline: bool = False
    keep_refused: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def says_where(self) -> bool:
        """Whether the user says how to measure; else it is done on this machine."""
        return bool({"measure_option", "runner"} & self.told.keys())


@dataclass(frozen=True, slots=True)
class _Item:
    """One task with the stored records to try, best first.

    Attributes:
        place: what the task's records answer for, as this TVM has it.
        given: the task's target, as it was given.
        task: the task; None where it is not known here.
        records: the records.
        why: why there is no task.
        may_invalidate: whether what fails is known to be this computation, so that it does not hold.
    """

    place: Place
    given: GivenTarget
    task: Any
    records: tuple[StoredRecord, ...]
    why: str | None = None
    may_invalidate: bool = True


def revalidate(library: ConfigLibrary, request: RevalidationRequest) -> Revalidated:
    """Measure stored best records again and commit what holds: a job of kind `revalidate` a target and platform.

    Interrupted, it goes on where it was when it is called again.

    Raises:
        SelectionError: no record of the library is meant.
        TvmError: TVM is missing; or no target is this machine's, and nothing says how to measure there.
        TargetError: all targets leave open which machine they are for.
    """
    with library.reading() as contents:
        plan = _Plan(contents, running_tvm(), request)
        items = list(plan.items())
        result = _Result(plan)
        jobs: defaultdict[tuple[str, str], list[_Item]] = defaultdict(list)
        obstacles: list[TvmgitlibError] = []
        for item in items:
            if item.why is not None:
                result.leave(item, item.why)
            elif (obstacle := _obstacle(item, request)) is not None:
                obstacles.append(obstacle)
                result.leave(item, str(obstacle))
            else:
                jobs[item.place.platform, item.place.target.key].append(item)
        if obstacles and len(obstacles) == len(items):
            raise obstacles[0]
        number, total = 0, sum(map(len, jobs.values()))
        for (platform, _), of_job in jobs.items():
            facts = merged_facts(facts_here(of_job[0].place.target), request.facts)
            with library.revalidation_job(of_job[0].given.text, platform, facts) as job:
                for item in of_job:
                    number += 1
                    _progress.info("revalidating %d of %d: %s", number, total, workload_label(item.place.workload))
                    _revalidate(plan, job, item, result)
            if job.result is not None and job.result.job is not None:
                result.committed(job.result.job, job.result.commit)
    return result.whole


def _obstacle(item: _Item, request: RevalidationRequest) -> TvmgitlibError | None:
    """Why a task cannot be measured, if so."""
    try:
        require_triple(item.given)
    except TargetError as error:
        return error
    if request.says_where or detect_for(item.place.target) is not None:
        return None
    return TvmError(
        f"{item.place.target.label} is not this machine's target, and nothing says how to measure it",
        hint="In Python: library.revalidate(..., runner=...), for AutoTVM measure_option=....",
    )


def _revalidate(plan: _Plan, job: Job, item: _Item, result: _Result) -> None:
    try:
        for stored, note in _remeasure(plan, job, item):
            result.add(item, stored, note)
    except TvmError as error:  # of this task: the others may do better
        result.leave(item, str(error))
        return
    if plan.request.baseline:
        job.try_baseline(item.task, plan.request.told)


class _Plan:
    """Which records to measure again, task by task.

    Attributes:
        contents, request: the library, and what is asked.
        exact: how many workloads hold as they are.
        missing: how many of the tasks given have no record.
    """

    def __init__(self, contents: Contents, tvm: TvmVersion, request: RevalidationRequest) -> None:
        self.contents = contents
        self.request = request
        self._grader = Grader(contents, tvm, request.facts)
        self._given = parse_target(request.target) if request.target is not None else None
        self.exact = 0
        self.missing = 0

    def items(self) -> Iterator[_Item]:
        """The tasks that have records to try.

        Raises:
            SelectionError: no record is meant.
        """
        there: defaultdict[str, list[StoredRecord]] = defaultdict(list)
        for platform, stored in selected(self._grader.records, self.request.selection):
            if self._is_here(platform, stored):
                there[platform].append(stored)
        if not there:
            raise SelectionError(
                "the library has no record that was asked for of the platform at hand",
                hint="tvmgitlib best shows what there is; --platform NAME says which platform this is.",
            )
        tasks = self.request.tasks
        yield from self._of_records(there) if tasks is None else self._of_tasks(tasks, there)

    def _is_here(self, platform: str, stored: StoredRecord) -> bool:
        if self.request.tasks is not None:
            return True  # each task says its platform
        named = self.request.platform
        if named is None:
            here = detect_for(stored.record.target.target)
            named = here.name if here else None
        return platform == named

    # Tasks of the records themselves

    def _of_records(self, there: Mapping[str, list[StoredRecord]]) -> Iterator[_Item]:
        groups: defaultdict[Place, list[StoredRecord]] = defaultdict(list)
        for platform, found in there.items():
            for stored in found:
                record = stored.record
                groups[Place(record.family, record.target.target, platform, record.workload)].append(stored)
        exact = {place for place, records in groups.items() if self._holds(place, records)}
        carried_over = {_computation(place) for place in exact}
        for place, records in groups.items():
            if not self.request.every:
                if place in exact:
                    self.exact += 1
                    continue
                if _computation(place) in carried_over and not self._is_readable(place, records):
                    continue
            chosen = self._best(place, records)
            given, family = chosen[0].record.target, live_family(place.family)
            if not family.available():
                yield _Item(place, given, None, chosen, f"this TVM has no {place.family}")
                continue
            try:
                yield _Item(place, given, family.task_of(self._whole(chosen[0])), chosen)
            except TvmError as error:
                yield _Item(place, given, None, chosen, str(error))

    # Tasks that are given

    def _of_tasks(self, tasks: Sequence[Any], there: Mapping[str, list[StoredRecord]]) -> Iterator[_Item]:
        seen: set[Place] = set()
        for task in tasks:
            family = family_of_task(task)
            given, workload = family.identify(task, self._given)
            platform = platform_of(given, self.request.platform)
            if platform is None:
                raise SelectionError(
                    f"nothing says which platform {given.target.label} is on", hint="Name it with --platform NAME."
                )
            place = Place(family.name, given.target, platform, workload)
            if place in seen:
                continue
            seen.add(place)
            signature = family.signature(task)
            records = [
                stored
                for stored in there.get(platform, ())
                if stored.record.family == place.family
                and device_key(stored.record.target.target) in lookup_keys(place.target)
                and _is_of(stored.record.workload, workload, signature)
            ]
            if not records:
                self.missing += 1
            elif not self.request.every and self._holds(place, records):
                self.exact += 1
            else:
                yield from self._with_records(place, given, task, records)

    def _with_records(
        self, place: Place, given: GivenTarget, task: Any, records: list[StoredRecord]
    ) -> Iterator[_Item]:
        """A task with the records to try: under its own name, and under the names that other TVMs gave it.

        Two computations of one TVM may share a signature. Which of them the task is nobody knows then, so the best of
        both are tried, and what fails is not held against them.
        """
        names: defaultdict[str | None, set[str]] = defaultdict(set)
        for stored in records:
            names[tvm_of_name(stored.record.workload)].add(stored.record.workload.text)
        if all(len(of_tvm) == 1 for of_tvm in names.values()):
            chosen = self._best(place, records)
            own = tuple(stored for stored in chosen if stored.record.workload == place.workload)
            others = tuple(stored for stored in chosen if stored.record.workload != place.workload)
            if own:
                yield _Item(place, given, self._own_task(place, own[0], task), own)
            if others:
                yield _Item(place, given, task, others)
            return
        for text in sorted({stored.record.workload.text for stored in records}):
            chosen = self._best(place, [stored for stored in records if stored.record.workload.text == text])
            yield _Item(place, given, task, chosen, may_invalidate=False)

    def _own_task(self, place: Place, stored: StoredRecord, task: Any) -> Any:
        """The task for records of its own name: a MetaSchedule trace names blocks of the module it was recorded for,
        and a module that is equal to that may call them otherwise.
        """
        if place.family != "metaschedule":
            return task
        try:
            return live_family(place.family).task_of(self._whole(stored))
        except TvmError:  # written by a TVM of the same minor version that this one does not read after all
            return task

    # Records

    def _holds(self, place: Place, records: Iterable[StoredRecord]) -> bool:
        return any(self.grade(place, stored) == "exact" for stored in records)

    def _is_readable(self, place: Place, records: Iterable[StoredRecord]) -> bool:
        return any(self.grade(place, stored) != "incompatible" for stored in records)

    def grade(self, place: Place, stored: StoredRecord) -> Grade:
        """How far a record holds here."""
        return self._grader.verdict(stored, place.platform).grade

    def _best(self, place: Place, records: Iterable[StoredRecord]) -> tuple[StoredRecord, ...]:
        """The best K, each config once."""
        once: dict[bytes, StoredRecord] = {}
        for stored in sorted(records, key=lambda each: (GRADES.index(self.grade(place, each)), rank(each))):
            once.setdefault(stored.record.config, stored)
        return tuple(once.values())[: self.contents.settings.keep]

    def _whole(self, stored: StoredRecord) -> TuningRecord:
        """The record with its module, where records do not carry it."""
        if stored.record.family != "metaschedule":
            return stored.record
        return replace(stored.record, workload=self.contents.modules([stored])[stored.record.workload])


def _computation(place: Place) -> tuple[str, ...]:
    """What is computed where, by whatever name a TVM gives it."""
    name = place.workload.signature or place.workload.text
    return (place.family, device_key(place.target), place.platform, name)


def _is_of(recorded: Workload, workload: Workload, signature: str | None) -> bool:
    """Whether a record is of a task's computation, which another TVM calls otherwise; one TVM never does."""
    return recorded == workload or (
        signature is not None and recorded.signature == signature and tvm_of_name(recorded) != tvm_of_name(workload)
    )


def _remeasure(plan: _Plan, job: Job, item: _Item) -> Iterator[tuple[StoredRecord, RemeasuredNote]]:
    """Measure the records of a task again, except those that this job had measured before it was interrupted."""
    task = list(job.place(item.task).identity)
    known = {note.record: note for note in job.opened.remeasured() if note.task == task}
    pending = []
    for stored in item.records:
        if stored.record.hash in known:
            yield stored, known[stored.record.hash]
        else:
            pending.append(stored)
    family = live_family(item.place.family)
    results = family.remeasure(job, item.task, [stored.record for stored in pending], plan.request.told)
    for stored, result in zip(pending, results, strict=True):
        note = RemeasuredNote(task, stored.job, stored.record.hash, _mean(result), _why(result), result.checked)
        fails_for_good = result.failure is not None and result.failure.kind in DETERMINISTIC
        if fails_for_good and item.may_invalidate and not plan.request.keep_refused:
            note = replace(note, invalidates=_same_config(plan, item.place.platform, stored))
        job.opened.note_remeasured(note)
        yield stored, note


def _mean(result: Remeasured) -> float | None:
    return math.fsum(result.costs) / len(result.costs) if result.costs else None


def _why(result: Remeasured) -> str | None:
    if result.failure is None:
        return None
    return f"{result.failure.kind.replace('_', ' ')}: {result.failure.text}"


def _same_config(plan: _Plan, platform: str, refused: StoredRecord) -> list[list[str]]:
    """Every record of the config that was refused, of the same TVM or one whose records hold here: all of them fail."""
    record = refused.record
    place = Place(record.family, record.target.target, platform, record.workload)
    return [
        [stored.job, stored.record.hash[:16]]
        for stored in stored_records(plan.contents, place)
        if stored.record.config == record.config
        and (stored.tuned_with.is_like(refused.tuned_with) or plan.grade(place, stored) == "exact")
    ]


class _Result:
    """Collects what came of the records."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._jobs: list[str] = []
        self._commit: str | None = None
        self._records: list[Remeasurement] = []
        self._tried: set[tuple[Place, str, str]] = set()
        self._invalidated = 0

    def leave(self, item: _Item, why: str) -> None:
        """Those of a task's records that were not tried stay as they are."""
        for stored in item.records:
            if (item.place, stored.job, stored.record.hash) not in self._tried:
                self._append(item.place, stored, "left", why)

    def add(self, item: _Item, stored: StoredRecord, note: RemeasuredNote) -> None:
        """What came of a record."""
        state: RevalidationState = "holds" if note.cost is not None else "refused"
        self._append(item.place, stored, state, note.why, note)
        self._tried.add((item.place, stored.job, stored.record.hash))
        self._invalidated += len(note.invalidates)

    def committed(self, job: str, commit: str | None) -> None:
        """A job was committed."""
        self._jobs.append(job)
        self._commit = commit

    def _append(
        self,
        place: Place,
        stored: StoredRecord,
        state: RevalidationState,
        why: str | None,
        note: RemeasuredNote | None = None,
    ) -> None:
        record = stored.record
        self._records.append(
            Remeasurement(
                family=record.family,
                target=place.target.key,
                platform=place.platform,
                workload=record.workload.text,
                job=stored.job,
                tuned_with=stored.tuned_with,
                old_cost=record.cost,
                new_cost=note.cost if note else None,
                is_checked=note.checked if note else False,
                state=state,
                why=why,
                target_label=place.target.label,
                workload_label=workload_label(record.workload),
            )
        )

    @property
    def whole(self) -> Revalidated:
        """All of it."""
        return Revalidated(
            jobs=tuple(self._jobs),
            commit=self._commit,
            records=tuple(self._records),
            exact=self._plan.exact,
            missing=self._plan.missing,
            invalidated=self._invalidated,
        )
