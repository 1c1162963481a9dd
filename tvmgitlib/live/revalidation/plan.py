"""Which stored records to measure again, task by task."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib.families import tvm_of_name
from tvmgitlib.library.platforms import detect_for, overruled
from tvmgitlib.library.reading import GRADES, SUSPECT, Contents, Grader, Selection, platform_of
from tvmgitlib.live.common import HowToMeasure, Loading, elsewhere, family_of_task, live_family
from tvmgitlib.model import (
    GivenTarget,
    Json,
    Place,
    SelectionError,
    StoredRecord,
    Target,
    TuningRecord,
    TvmError,
    TvmVersion,
    Workload,
    completed,
    parse_target,
)
from tvmgitlib.rules.order import Rank, rank
from tvmgitlib.rules.validity import Grade

_log = logging.getLogger("tvmgitlib")


class RevalidationRequest(Struct, frozen=True):
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
        how: how to measure.
    """

    tasks: Sequence[Any] | None = None
    selection: Selection = field(default_factory=Selection)
    target: object | None = None
    platform: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    every: bool = False
    baseline: bool = False
    keep_refused: bool = False
    how: HowToMeasure = field(default_factory=HowToMeasure)


class Item(Struct, frozen=True):
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


class Plan:
    """Which records to measure again, task by task.

    Attributes:
        contents, request: the library, and what is asked.
        exact: how many workloads hold as they are.
        missing: how many of the tasks given have no record.
        incomplete: the targets, for people, of workloads that hold as they are and leave open which machine they are
            for.
    """

    def __init__(self, contents: Contents, tvm: TvmVersion, request: RevalidationRequest) -> None:
        self.contents = contents
        self.request = request
        self._is_measured_here = elsewhere(request.how) is None
        self._grader = Grader(contents, tvm, request.facts, Loading(contents, tvm))
        self._given = parse_target(request.target) if request.target is not None else None
        self.exact = 0
        self.missing = 0
        self.incomplete: set[str] = set()

    def items(self) -> Iterator[Item]:
        """The tasks that have records to try.

        Raises:
            SelectionError: no record is meant.
        """
        there: defaultdict[str, list[StoredRecord]] = defaultdict(list)
        asked = self.request.selection.asked
        for stored in (
            stored for found in self._grader.records(self.request.selection.part).values() for stored in found
        ):
            fits = asked is None or asked.target.allows(stored.place.target)
            if fits and self.request.selection.asks(stored.place, near=True) and self._is_here(stored):
                there[stored.platform].append(stored)
        if not there:
            raise SelectionError(
                "the library has no record that was asked for of the platform at hand",
                hint="tvmgitlib best shows what there is; --platform NAME says which platform this is.",
            )
        tasks = self.request.tasks
        yield from self._of_records(there) if tasks is None else self._of_tasks(tasks, there)

    def _is_here(self, stored: StoredRecord) -> bool:
        if self.request.tasks is not None:
            return True  # each task says its platform
        place = stored.place
        if self.request.platform is not None:
            return Selection(platform=self.request.platform).matches(place)
        here = detect_for(place.target) if self._is_measured_here else None
        return here is not None and here.name == place.platform

    # Tasks of the records themselves

    def _of_records(self, there: Mapping[str, list[StoredRecord]]) -> Iterator[Item]:
        groups: defaultdict[tuple[Place, str], list[StoredRecord]] = defaultdict(list)
        for stored in (stored for found in there.values() for stored in found):
            whole = self._meant(stored).target
            groups[replace(stored.place, target=whole), whole.limits_text].append(stored)
        exact = {group for group, records in groups.items() if self._holds(group[0], records)}
        carried_over = {place.computation for place, _ in exact}
        for (place, limits), records in groups.items():
            if not self.request.every:
                if (place, limits) in exact:
                    self.exact += 1
                    if place.target.lacks_triple:
                        self.incomplete.add(place.target.label)
                    continue
                if place.computation in carried_over and not self._is_readable(place, records):
                    continue
            chosen = self._best(place, records)
            meant, family = self._meant(chosen[0]), live_family(place.family)
            given = parse_target(meant.portable) if meant.completed else meant
            if not family.available():
                yield Item(place, given, None, chosen, f"this TVM has no {place.family}")
                continue
            try:
                task = family.task_of(self._whole(chosen[0])._replace(target=meant))
            except TvmError as error:
                yield Item(place, given, None, chosen, str(error))
            else:
                yield Item(place, given, task, chosen, may_invalidate=self._is_whole(place, chosen))

    def _meant(self, stored: StoredRecord) -> GivenTarget:
        """The target of a record, with what it leaves out and the user asks for."""
        asked, own = self.request.selection.asked, stored.record.target
        if asked is None or own.target.device_key not in asked.target.near_keys:
            return own
        return completed(own, asked.target)

    @staticmethod
    def _is_whole(place: Place, records: Iterable[StoredRecord]) -> bool:
        """Whether records say themselves what they are for: what fails elsewhere is not held against the others."""
        return all(stored.record.target.target.device_key in place.target.lookup_keys for stored in records)

    # Tasks that are given

    def _of_tasks(self, tasks: Sequence[Any], there: Mapping[str, list[StoredRecord]]) -> Iterator[Item]:
        seen: set[Place] = set()
        for task in tasks:
            family = family_of_task(task)
            given, workload = family.identify(task, self._given)
            named = self.request.platform
            if (model := overruled(given, named)) is not None:
                _log.warning("platform %s is not used for %s: its -model names %s", named, given.text, model)
            platform = platform_of(given, named, here=self._is_measured_here)
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
                and stored.record.target.target.device_key in (*place.target.lookup_keys, *place.target.near_keys)
                and place.target.allows(stored.record.target.target)
                and _is_of(stored.record.workload, workload, signature)
            ]
            if not records:
                self.missing += 1
            elif not self.request.every and self._holds(place, records):
                self.exact += 1
            else:
                yield from self._with_records(place, given, task, records)

    def _with_records(self, place: Place, given: GivenTarget, task: Any, records: list[StoredRecord]) -> Iterator[Item]:
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
                yield Item(place, given, self._own_task(place, own[0], task), own, None, self._is_whole(place, own))
            if others:
                yield Item(place, given, task, others, None, self._is_whole(place, others))
            return
        for text in sorted({stored.record.workload.text for stored in records}):
            chosen = self._best(place, [stored for stored in records if stored.record.workload.text == text])
            yield Item(place, given, task, chosen, may_invalidate=False)

    def _own_task(self, place: Place, stored: StoredRecord, task: Any) -> Any:
        """The task for records of its own name: a MetaSchedule trace names blocks of the module it was recorded for,
        and a module that is equal to that may call them otherwise.
        """
        whole = self._whole(stored)
        if whole.workload.module is None:
            return task
        try:
            return live_family(place.family).task_of(whole)
        except TvmError:  # written by a TVM of the same minor version that this one does not read after all
            return task

    # Records

    def _holds(self, place: Place, records: Iterable[StoredRecord]) -> bool:
        grades = {self.grade(stored, place.target) for stored in records}
        return "exact" in grades and SUSPECT not in grades

    def _is_readable(self, place: Place, records: Iterable[StoredRecord]) -> bool:
        return any(self.grade(stored, place.target) != "incompatible" for stored in records)

    def grade(self, stored: StoredRecord, asked: Target | None = None) -> Grade:
        """How far a record holds here, for its own target or for the one that is asked for."""
        return self._grader.verdict(stored, asked).grade

    def _best(self, place: Place, records: Iterable[StoredRecord]) -> tuple[StoredRecord, ...]:
        """The best K, each config once; those come first that a second measurement would let count."""

        def order(stored: StoredRecord) -> tuple[bool, int, Rank]:
            grade = self.grade(stored, place.target)
            return grade != SUSPECT, GRADES.index(grade), rank(stored)

        once: dict[bytes, StoredRecord] = {}
        for stored in sorted(records, key=order):
            once.setdefault(stored.record.config, stored)
        return tuple(once.values())[: self.contents.settings.keep]

    def _whole(self, stored: StoredRecord) -> TuningRecord:
        """The record with its module, where records do not carry it."""
        return stored.record._replace(workload=self.contents.modules([stored])[stored.record.workload])


def _is_of(recorded: Workload, workload: Workload, signature: str | None) -> bool:
    """Whether a record is of a task's computation, which another TVM calls otherwise; one TVM never does."""
    return recorded == workload or (
        signature is not None and recorded.signature == signature and tvm_of_name(recorded) != tvm_of_name(workload)
    )
