"""Coverage: the tasks of a model looked up as a build would, with the effort and the run times on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.families import tvm_of_name
from tvmgitlib.library.jobs import baseline_of, effort_of
from tvmgitlib.library.outlines import Narrowing, Spent
from tvmgitlib.library.platforms import facts_here
from tvmgitlib.library.reading import SUGGESTED, SUSPECT, Contents, Grader, Lookup, Taken, workload_label
from tvmgitlib.live.common import Loading, Untuned, family_of_task, nothing
from tvmgitlib.live.coverage.values import UNSEARCHABLE, Coverage, TaskCoverage
from tvmgitlib.live.tasks import WeightedTask
from tvmgitlib.model import (
    FamilyName,
    GivenTarget,
    Json,
    Place,
    StoredRecord,
    Target,
    TvmVersion,
    Workload,
    merged_facts,
    parse_target,
)
from tvmgitlib.rules.effort import union
from tvmgitlib.rules.order import Rank, rank


def coverage(
    contents: Contents,
    tvm: TvmVersion,
    tasks: Iterable[WeightedTask],
    *,
    target: object | None,
    platform: str | None,
    accept: Taken,
    facts: Mapping[str, Json] | None,
) -> Coverage:
    """See `ConfigLibrary.coverage`; `target` is that of tasks that do not say theirs."""
    given = parse_target(target) if target is not None else None
    asked: dict[tuple[object, ...], _Asked] = {}
    of_relay: dict[str, None] = {}
    for each in tasks:
        family = family_of_task(each.task)
        if each.of_relay:
            of_relay[family.name] = None
        its, workload = family.identify(each.task, given)
        one = _Asked(family.name, its, workload, each.task, family.signature(each.task), family.unsearchable(each.task))
        asked.setdefault((family.name, its.target, its.target.limits, its.model, workload), one).weight += each.weight
    survey = _Survey(contents, tvm, platform, accept, facts)
    return Coverage(tvm, tuple(map(survey.of, asked.values())), tuple(of_relay))


class _Asked(Struct):
    """A workload that is asked about.

    Attributes:
        task: the first task of it.
        signature: the workload in words that no TVM version changes; None where its name is that already.
        unsearchable: why TVM cannot tune it at all; None where it can.
        weight: how often all tasks of this workload are run.
    """

    family: FamilyName
    target: GivenTarget
    workload: Workload
    task: Any
    signature: str | None
    unsearchable: str | None
    weight: float = 0

    def is_called(self, workload: Workload) -> bool:
        """Whether a workload on record is this one: by its name here, or by the one that another TVM gave it."""
        if workload == self.workload:
            return True
        of_another_tvm = tvm_of_name(workload) not in (None, tvm_of_name(self.workload))
        return of_another_tvm and self.signature is not None and workload.signature == self.signature


class _Survey:
    """Looks workloads up, and says what is on record for them."""

    def __init__(
        self,
        contents: Contents,
        tvm: TvmVersion,
        platform: str | None,
        accept: Taken,
        facts: Mapping[str, Json] | None,
    ) -> None:
        self._contents = contents
        self._tvm = tvm
        self._facts = facts or {}
        loading = Loading(contents, tvm)
        self._lookup = Lookup(contents, tvm, platform, accept, facts, loading)
        self._suggesting = Untuned(contents, self._lookup) if accept == SUGGESTED else nothing
        self._grader = Grader(contents, tvm, facts, loading)
        self._records: dict[tuple[FamilyName, Target, str], list[StoredRecord]] = {}
        self._spent: dict[tuple[FamilyName, str], list[Spent]] = {}

    def of(self, asked: _Asked) -> TaskCoverage:
        """What the library has for a workload."""
        target, workload = asked.target.target, asked.workload
        platform = self._lookup.platform_of(asked.target)
        applied = self._lookup.find(asked.family, asked.target, workload, signature=lambda: asked.signature)
        if applied is None and asked.unsearchable is None:
            self._suggesting(asked.family, asked.target, workload, lambda: asked.task)
        outcome = self._lookup.summary.outcomes[asked.family, target.label, platform, workload.text]
        task = TaskCoverage(
            family=asked.family,
            target=target.key,
            platform=platform,
            workload=workload.text,
            weight=asked.weight,
            state=outcome.state,
            why=outcome.why,
            is_covered=applied is not None,
            cost=applied.record.cost if applied is not None else None,
            baseline=None,
            trials=0,
            all_trials=0,
            target_label=target.label,
            workload_label=workload_label(replace(workload, signature=asked.signature)),
        )
        if applied is None and asked.unsearchable is not None:
            task = replace(task, state=UNSEARCHABLE, why=asked.unsearchable)
        if platform is None or task.state == UNSEARCHABLE:
            return task
        place = Place(asked.family, target, platform, workload)
        if applied is None:
            task = self._with_best(task, asked, place)
        else:
            task = replace(task, baseline=self._grader.baseline(applied))
        return self._with_effort(task, asked, place)

    def _with_best(self, task: TaskCoverage, asked: _Asked, place: Place) -> TaskCoverage:
        """What is on record and not applied: the fastest, whatever its grade, or what only another TVM can read."""
        there = [stored for stored in self._of_place(asked, place) if asked.is_called(stored.record.workload)]
        named = [stored for stored in there if stored.record.workload == asked.workload]
        best = min(named or self._invalidated(asked), key=self._believed_first, default=None)
        if best is None and there:
            best = min(there, key=rank)
            why = self._grader.verdict(best, place.target).why
            task = replace(task, state="incompatible", why=why)
        if best is None:
            return task
        return replace(task, cost=best.record.cost, baseline=self._grader.baseline(best))

    def _believed_first(self, stored: StoredRecord) -> tuple[bool, Rank]:
        return self._grader.verdict(stored).grade == SUSPECT, rank(stored)

    def _with_effort(self, task: TaskCoverage, asked: _Asked, place: Place) -> TaskCoverage:
        """The effort on record, and the baseline of what has no record."""
        facts = merged_facts(facts_here(place.target), self._facts)
        baseline = task.baseline
        if task.cost is None:
            baseline = baseline_of(self._contents, place, self._tvm, facts)
        effort = effort_of(self._contents, (), place, self._tvm, facts=facts)
        efforts = [
            spent.effort
            for spent in self._spent_on(place)
            if spent.section.place(place.workload).answers(place) and asked.is_called(spent.workload)
        ]
        trials, all_trials = effort.trials if effort else 0, union(efforts).trials if efforts else 0
        return replace(task, baseline=baseline, trials=trials, all_trials=all_trials)

    def _spent_on(self, place: Place) -> list[Spent]:
        """What was spent on tasks of a family on a platform."""
        key = (place.family, place.platform)
        if key not in self._spent:
            self._spent[key] = list(self._contents.spent(Narrowing(*key)))
        return self._spent[key]

    def _of_place(self, asked: _Asked, place: Place) -> list[StoredRecord]:
        """The records of a family for a target on a platform."""
        key = (place.family, place.target, place.platform)
        if key not in self._records:
            self._records[key] = list(self._lookup.records(asked.family, asked.target))
        return self._records[key]

    def _invalidated(self, asked: _Asked) -> list[StoredRecord]:
        return [stored for stored, _ in self._lookup.invalidated(asked.family, asked.target, asked.workload)]
