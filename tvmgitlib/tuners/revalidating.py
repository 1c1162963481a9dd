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

from tvmgitlib.errors import SelectionError, TvmError
from tvmgitlib.library.contents import Contents
from tvmgitlib.library.detect import detect_for, facts_here
from tvmgitlib.library.grading import GRADES, Grader
from tvmgitlib.library.labels import workload_label
from tvmgitlib.library.lookup import device_key, lookup_keys, platform_of
from tvmgitlib.library.open_jobs import RemeasuredNote
from tvmgitlib.library.queries import selected
from tvmgitlib.library.recorded import DETERMINISTIC, Place, stored_records
from tvmgitlib.library.revalidation import Remeasurement, Revalidated, RevalidationState
from tvmgitlib.library.selection import Selection
from tvmgitlib.model.json import Json
from tvmgitlib.model.platform import merged_facts
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import GivenTarget, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import Workload
from tvmgitlib.rules.order import rank
from tvmgitlib.rules.segment import StoredRecord
from tvmgitlib.tuners.base import Remeasured, family_of_task, live_family, running_tvm

if TYPE_CHECKING:
    from tvmgitlib.tuners.config_library import ConfigLibrary
    from tvmgitlib.tuners.job import Job

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


@dataclass(frozen=True, slots=True)
class _Item:
    """One task with the stored records to try, best first; without a task, why there is none."""

    place: Place
    given: GivenTarget
    task: Any
    records: tuple[StoredRecord, ...]
    why: str | None = None


def revalidate(library: ConfigLibrary, request: RevalidationRequest) -> Revalidated:
    """Measure stored best records again and commit what holds, as a job of kind `revalidate`.

    Interrupted, it goes on where it was when it is called again.

    Raises:
        SelectionError: no record of the library is meant.
        TvmError: TVM is missing; or the target is not this machine's, and nothing says how to measure there.
    """
    tvm = running_tvm()
    with library.reading() as contents:
        plan = _Plan(contents, tvm, request)
        items = list(plan.items())
        measured = [item for item in items if item.why is None]
        result = _Result(plan)
        for item in items:
            if item.why is not None:
                result.leave(item.place, item.records, item.why)
        if not measured:
            return result.of(None, None)
        first = measured[0].place.target
        if detect_for(first) is None and not _says_where(request.told):
            raise TvmError(
                f"{first.label} is not this machine's target, and nothing says how to measure it",
                hint="In Python: library.revalidate(..., runner=...), for AutoTVM measure_option=....",
            )
        targets = {item.place.target: item.given.text for item in measured}
        target = next(iter(targets.values())) if len(targets) == 1 else None
        facts = merged_facts(facts_here(first), request.facts)
        with library.revalidation_job(target, measured[0].place.platform, facts) as job:
            for number, item in enumerate(measured, start=1):
                _progress.info("revalidating %d of %d: %s", number, len(measured), workload_label(item.place.workload))
                try:
                    for stored, note in _remeasure(contents, job, item, request):
                        result.add(item.place, stored, note)
                except TvmError as error:  # of this task: the others may do better
                    result.leave(item.place, item.records, str(error))
                    continue
                if request.baseline:
                    job.try_baseline(item.task, request.told)
    committed = job.result
    return result.of(committed.job, committed.commit) if committed else result.of(None, None)


def _says_where(told: Mapping[str, Any]) -> bool:
    return told.get("measure_option") is not None or told.get("runner") is not None


class _Plan:
    """Which records to measure again, task by task."""

    def __init__(self, contents: Contents, tvm: TvmVersion, request: RevalidationRequest) -> None:
        self._contents = contents
        self._request = request
        self._grader = Grader(contents, tvm, request.facts)
        self._given = parse_target(request.target) if request.target is not None else None
        self.exact = 0
        self.missing = 0

    def items(self) -> Iterator[_Item]:
        """The tasks that have records to try; `exact` counts those that need none, `missing` those that have none.

        Raises:
            SelectionError: no record is meant.
        """
        there: defaultdict[str, list[StoredRecord]] = defaultdict(list)
        for platform, stored in selected(self._contents.current(), self._request.selection):
            if self._is_here(platform, stored):
                there[platform].append(stored)
        if not there:
            raise SelectionError(
                "the library has no record that was asked for of the platform at hand",
                hint="tvmgitlib best shows what there is; --platform NAME says which platform this is.",
            )
        tasks = self._request.tasks
        yield from self._of_records(there) if tasks is None else self._of_tasks(tasks, there)

    def _is_here(self, platform: str, stored: StoredRecord) -> bool:
        named = self._request.platform
        if named is None:
            if self._request.tasks is not None:
                return True  # each task says its platform
            here = detect_for(stored.record.target.target)
            named = here.name if here else None
        return platform == named

    def _of_records(self, there: Mapping[str, list[StoredRecord]]) -> Iterator[_Item]:
        """The tasks of the records themselves."""
        groups: defaultdict[Place, list[StoredRecord]] = defaultdict(list)
        for platform, found in there.items():
            for stored in found:
                record = stored.record
                groups[Place(record.family, record.target.target, platform, record.workload)].append(stored)
        for place, records in groups.items():
            if chosen := self._choose(place, records):
                given = chosen[0].record.target
                try:
                    yield _Item(place, given, live_family(place.family).task_of(self._whole(chosen[0])), chosen)
                except TvmError as error:
                    yield _Item(place, given, None, chosen, str(error))

    def _of_tasks(self, tasks: Sequence[Any], there: Mapping[str, list[StoredRecord]]) -> Iterator[_Item]:
        """The tasks given, each with the records of its computation."""
        for task in tasks:
            family = family_of_task(task)
            given, workload = family.identify(task, self._given)
            platform = platform_of(given, self._request.platform)
            if platform is None:
                raise SelectionError(
                    f"nothing says which platform {given.target.label} is on", hint="Name it with --platform NAME."
                )
            place = Place(family.name, given.target, platform, workload)
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
            chosen = self._choose(place, records)
            own = tuple(stored for stored in chosen if stored.record.workload == workload)
            others = tuple(stored for stored in chosen if stored.record.workload != workload)
            if own:
                yield _Item(place, given, self._own_task(place, own[0], task), own)
            if others:
                yield _Item(place, given, task, others)

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

    def _choose(self, place: Place, records: Iterable[StoredRecord]) -> tuple[StoredRecord, ...]:
        """The best K that do not hold as they are, each config once; none where there is one that holds."""
        graded = [(self._grader.verdict(stored, place.platform).grade, stored) for stored in records]
        if not self._request.every and any(grade == "exact" for grade, _ in graded):
            self.exact += 1
            return ()
        graded.sort(key=lambda pair: (GRADES.index(pair[0]), rank(pair[1])))
        once: dict[bytes, StoredRecord] = {}
        for _, stored in graded:
            once.setdefault(stored.record.config, stored)
        return tuple(once.values())[: self._contents.settings.keep]

    def _whole(self, stored: StoredRecord) -> TuningRecord:
        """The record with its module, where records do not carry it."""
        if stored.record.family != "metaschedule":
            return stored.record
        return replace(stored.record, workload=self._contents.modules([stored])[stored.record.workload])


def _is_of(recorded: Workload, workload: Workload, signature: str | None) -> bool:
    """Whether a record is of a task's computation, which another TVM calls otherwise; one TVM never does."""
    return recorded == workload or (
        signature is not None and recorded.signature == signature and recorded.tvm_version != workload.tvm_version
    )


def _remeasure(
    contents: Contents, job: Job, item: _Item, request: RevalidationRequest
) -> Iterator[tuple[StoredRecord, RemeasuredNote]]:
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
    results = family.remeasure(job, item.task, [stored.record for stored in pending], request.told)
    for stored, result in zip(pending, results, strict=True):
        note = RemeasuredNote(task, stored.job, stored.record.hash, _mean(result), _why(result))
        if result.failure is not None and result.failure.kind in DETERMINISTIC and not request.keep_refused:
            note = replace(note, invalidates=_same_config(contents, item.place.platform, stored))
        job.opened.note_remeasured(note)
        yield stored, note


def _mean(result: Remeasured) -> float | None:
    return math.fsum(result.costs) / len(result.costs) if result.costs else None


def _why(result: Remeasured) -> str | None:
    if result.failure is None:
        return None
    return f"{result.failure.kind.replace('_', ' ')}: {result.failure.text}"


def _same_config(contents: Contents, platform: str, refused: StoredRecord) -> list[list[str]]:
    """Every record of the config that was refused, of the same TVM: it failed for all of them."""
    record = refused.record
    place = Place(record.family, record.target.target, platform, record.workload)
    return [
        [stored.job, stored.record.hash[:16]]
        for stored in stored_records(contents, place)
        if stored.record.config == record.config and stored.tuned_with.group == refused.tuned_with.group
    ]


class _Result:
    """Collects what came of the records."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._records: list[Remeasurement] = []
        self._tried: set[tuple[Place, str, str]] = set()
        self._invalidated = 0

    def leave(self, place: Place, records: Iterable[StoredRecord], why: str) -> None:
        """Those of a task's records that were not tried stay as they are."""
        for stored in records:
            if (place, stored.job, stored.record.hash) not in self._tried:
                self._append(place, stored, None, "left", why)

    def add(self, place: Place, stored: StoredRecord, note: RemeasuredNote) -> None:
        state: RevalidationState = "holds" if note.cost is not None else "refused"
        self._append(place, stored, note.cost, state, note.why)
        self._tried.add((place, stored.job, stored.record.hash))
        self._invalidated += len(note.invalidates)

    def _append(
        self, place: Place, stored: StoredRecord, cost: float | None, state: RevalidationState, why: str | None
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
                new_cost=cost,
                state=state,
                why=why,
                target_label=place.target.label,
                workload_label=workload_label(record.workload),
            )
        )

    def of(self, job: str | None, commit: str | None) -> Revalidated:
        plan = self._plan
        return Revalidated(job, commit, tuple(self._records), plan.exact, plan.missing, self._invalidated)
