"""What is on record that may say something of a task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from tvmgitlib import families
from tvmgitlib.families import Family
from tvmgitlib.families import decisions as decisions_of_record
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading import Contents, Trust
from tvmgitlib.model import (
    Call,
    Decisions,
    Header,
    Json,
    KnobTrial,
    Place,
    RecordError,
    Task,
    TaskRecords,
    TuningRecord,
    Workload,
    listed,
)
from tvmgitlib.rules.suggesting import PastTask, distance, form_id, with_form

#: Of so many workloads, the nearest, is looked at what was tried; and of so many jobs of each, the latest.
_MOST_WORKLOADS: Final = 64
_MOST_JOBS: Final = 4


class Evidence(Struct):
    """What is on record of an operator.

    Attributes:
        call: the workload that is asked about; None where its family cannot tell workloads of an operator.
        past: tasks of the operator on the same target and platform.
        same_elsewhere: the same workload on the same target, on other platforms.
        other_platforms: platforms with other workloads of the operator for the same target: these say nothing here.
        other_targets: targets that the operator was tuned for, too: never a source.
        forms: what configs are decisions of, by the ids that they give it.
        records: the best records of the nearest other workloads on the same platform, workload by workload.
    """

    call: Call | None
    past: list[PastTask] = field(default_factory=list)
    same_elsewhere: list[PastTask] = field(default_factory=list)
    other_platforms: set[str] = field(default_factory=set)
    other_targets: set[str] = field(default_factory=set)
    forms: dict[str, Json] = field(default_factory=dict)
    records: list[tuple[Workload, list[TuningRecord]]] = field(default_factory=list)

    def why_none(self, place: Place) -> str:
        """Why nothing can be suggested for a place, in words."""
        if self.call is None:
            return f"nobody can tell which workloads {place.workload.label} is like"
        here = f"{self.call.op} for {place.target.label} on {place.platform}"
        if self.past or self.same_elsewhere:
            return f"no trial of {here} on record succeeded, or none fits this task"
        near = []
        if self.other_platforms:
            near.append(f"platform {listed(sorted(self.other_platforms))} has other workloads of it")
        if self.other_targets:
            near.append(f"it was tuned for {listed(sorted(self.other_targets))}")
        but = f"; {' and '.join(near)}, which says nothing of this one" if near else ""
        return f"no trial of {here} is on record{but}"


def _call(family: Family, workload: Workload) -> Call | None:
    """A workload as its family calls it; None for one that is nested beyond reason."""
    try:
        return family.call(workload)
    except RecursionError:  # an Ansor key may be any text
        return None


def evidence(contents: Contents, place: Place) -> Evidence:
    """What is on record that may say something of a task, by jobs that are trusted.

    Args:
        contents: the committed jobs.
        place: the task.
    """
    family = families.family(place.family)
    asked = _call(family, place.workload)
    found = Evidence(asked)
    if asked is None:
        return found
    tasks: defaultdict[tuple[str, str], list[tuple[Header, Task]]] = defaultdict(list)
    calls: dict[tuple[str, str], Call] = {}
    trust = Trust(contents)
    for header, task in contents.counted_tasks(Narrowing(place.family)):
        call = _call(family, task.workload)
        if call is None or call.op != asked.op or not trust.counts(header.id):
            continue
        its = task.place
        if its.target.device_key not in place.target.lookup_keys:
            found.other_targets.add(its.target.label)
        elif its.platform != place.platform and task.workload != place.workload:
            found.other_platforms.add(its.platform)
        else:
            key = (its.platform, task.workload.text)
            tasks[key].append((header, task))
            calls[key] = call
    nearest = sorted(tasks, key=lambda key: (distance(calls[key], asked), key))[:_MOST_WORKLOADS]
    trials = _Trials(contents, found.forms)
    for key in nearest:
        latest = sorted(tasks[key], key=lambda each: each[0].finished or "", reverse=True)[:_MOST_JOBS]
        past = trials.of(calls[key], key[0], latest)
        (found.past if key[0] == place.platform else found.same_elsewhere).append(past)
        if key[0] == place.platform and past.call != asked:
            best = [record for header, task in latest for record in trials.best(header, task)]
            found.records.append((latest[0][1].workload, best))
    return found


class _Trials:
    """Reads what jobs tried.

    Args:
        contents: the committed jobs.
        forms: is given what configs are decisions of.
    """

    def __init__(self, contents: Contents, forms: dict[str, Json]) -> None:
        self._contents = contents
        self._forms = forms
        self._read: dict[str, list[TaskRecords]] = {}

    def of(self, call: Call, platform: str, tasks: Iterable[tuple[Header, Task]]) -> PastTask:
        """What jobs tried for one workload."""
        trials: list[KnobTrial] = []
        extents: dict[str, int] = {}
        jobs = []
        for header, task in tasks:
            jobs.append(header.id)
            for decisions, cost in self._tried(header, task):
                config, axes = with_form(decisions)
                extents |= axes
                trials.append(KnobTrial(config, cost))
                if decisions.form is not None:
                    self._forms.setdefault(form_id(decisions.form), decisions.form)
        return PastTask(call, trials, tuple(jobs), platform, extents or None)

    def _tried(self, header: Header, task: Task) -> Iterator[tuple[Decisions, float | None]]:
        """The trials of a job: its history; where it has none, its best records."""
        if self._contents.standing.invalid.get(header.id, frozenset()) is None:
            return  # none of its records holds any more
        for entry in self._entries(header, task):
            for trial in entry.history:
                yield trial.decisions, trial.cost
            for record in () if entry.history else self._holding(entry):
                decided = decisions_of_record(record)
                if decided is not None:
                    yield decided, record.cost if record.error is None else None

    def best(self, header: Header, task: Task) -> list[TuningRecord]:
        """The best records of a job, as far as they hold."""
        return [record for entry in self._entries(header, task) for record in self._holding(entry)]

    def _holding(self, entry: TaskRecords) -> list[TuningRecord]:
        return [stored.record for stored in entry.records if self._contents.standing.holds(stored)]

    def _entries(self, header: Header, task: Task) -> list[TaskRecords]:
        if header.id not in self._read:
            try:
                segment = self._contents.segment(header.id, with_records=True, with_histories=True)
            except RecordError:  # a damaged history, which check names: the records are there
                segment = self._contents.segment(header.id, with_records=True)
            self._read[header.id] = list(segment.tasks)
        return [entry for entry in self._read[header.id] if entry.task == task]
