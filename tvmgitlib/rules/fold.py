"""configs/ = fold(jobs/, settings): the best K records per workload of the jobs that count. A pure function.

The result depends on the set of segments alone, never on the order in which they came, so merging two branches is the
union of their segments and a fold.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from tvmgitlib.model import (
    canonical_json,
    fact,
)
from tvmgitlib.rules.order import moment, rank

if TYPE_CHECKING:
    from tvmgitlib.model import (
        Header,
        Invalidation,
        JobKind,
        Json,
        Place,
        Segment,
        Settings,
        StoredRecord,
    )
    from tvmgitlib.rules.order import Rank

#: Workload text, TVM distribution, TVM minor version, the platform facts that must match, the limits of the device:
#: records compete inside one.
Group: TypeAlias = tuple[str, str, str, str, str]

#: The records of configs/, by file.
Configs: TypeAlias = "dict[str, list[StoredRecord]]"

#: A `revalidate` job's word on a config: nothing that finished before it counts any more.
_Stamp: TypeAlias = tuple[str, str]

_BEFORE_ALL: _Stamp = ("", "")

#: A record with what it is ranked by, which is not worked out twice.
_Ranked: TypeAlias = "tuple[Rank, StoredRecord]"


class Standing(Struct, frozen=True):
    """Which jobs count, and which of their records do not.

    Attributes:
        reverted: a job that does not count, to the live revert that names it; all others count.
        invalid: a job, to the first 16 hex digits of the hashes of its records that are invalidated; None for all.
        revalidated: whether any job that counts is a `revalidate`.
    """

    reverted: Mapping[str, str]
    invalid: Mapping[str, frozenset[str] | None]
    revalidated: bool

    def counts(self, job: str) -> bool:
        """Whether a job counts."""
        return job not in self.reverted

    def holds(self, stored: StoredRecord) -> bool:
        """Whether a record takes part in the fold."""
        if stored.job in self.reverted:
            return False
        invalid = self.invalid.get(stored.job, frozenset())
        return invalid is not None and stored.record.hash[:16] not in invalid


def standing(headers: Iterable[tuple[Header, tuple[Invalidation, ...]]]) -> Standing:
    """Work out which jobs count: a job does, unless a revert that counts names it.

    Args:
        headers: the jobs that say anything of others; it does no harm to give all.
    """
    jobs = {header.id: (header, invalidations) for header, invalidations in headers}
    named_by = defaultdict(list)
    for job, (header, _) in sorted(jobs.items()):
        for name in header.reverts:
            named_by[name].append(job)
    reverted = _reverted(sorted(jobs.keys() | named_by.keys()), named_by)
    invalid: dict[str, frozenset[str] | None] = {}
    for job, (_, invalidations) in jobs.items():
        if job in reverted:
            continue
        for invalidation in invalidations:
            known = invalid.get(invalidation.job, frozenset())
            if known is None or invalidation.records is None:
                invalid[invalidation.job] = None
            else:
                invalid[invalidation.job] = known | frozenset(invalidation.records)
    revalidated = any(header.kind == "revalidate" and job not in reverted for job, (header, _) in jobs.items())
    return Standing(reverted, invalid, revalidated)


def _reverted(jobs: list[str], named_by: Mapping[str, list[str]]) -> dict[str, str]:
    """Each job that is reverted, to a live revert that names it.

    Reverts of reverts make chains of any length, so this walks with a stack. A circle of reverts (which no command
    makes) is cut where the walk, which goes by job id, comes back to it.
    """
    verdict: dict[str, str | None] = {}
    for start in jobs:
        if start in verdict:
            continue
        open_questions = {start: iter(named_by.get(start, ()))}  # a dict is a stack too
        while open_questions:
            job, reverts = next(reversed(open_questions.items()))
            unknown = next((by for by in reverts if by not in verdict and by not in open_questions), None)
            if unknown is not None:
                open_questions[unknown] = iter(named_by.get(unknown, ()))
                continue
            verdict[job] = next((by for by in named_by.get(job, ()) if verdict.get(by) is None), None)
            del open_questions[job]
    return {job: by for job, by in verdict.items() if by is not None}


def fold(
    segments: Iterable[Segment],
    standing: Standing,
    settings: Settings,
    admits: Callable[[StoredRecord], bool] | None = None,
) -> Configs:
    """The best `settings.keep` records of every group, by file and in canonical order.

    Args:
        segments: every segment, in any order; read once.
        standing: which of them count.
        settings: `keep`, and the platform facts that separate groups.
        admits: leaves out records of which it is not true; None for none. configs/ leaves out none.
    """
    contest = _Contest(settings.keep, standing.revalidated)
    for segment in segments:
        for path, group, stored in entries(segment, settings):
            if standing.holds(stored) and (admits is None or admits(stored)):
                contest.enter(path, group, stored, segment.header.kind)
    return contest.result()


def fold_onto(configs: Configs, segment: Segment, settings: Settings) -> Configs:
    """Add one new `tune` or `import` job to the files of configs/ that it touches; the same as a fold of everything.

    Right only while no `revalidate` job and no reverted id is involved and no facts separate groups (a line of
    configs/ does not carry them): the caller sees to that.
    """
    contest = _Contest(settings.keep)
    for path, records in configs.items():
        for stored in records:
            contest.enter(path, group_of(stored, ""), stored, "tune")
    for path, group, stored in entries(segment, settings):
        contest.enter(path, group, stored, segment.header.kind)
    return contest.result()


def fold_places(
    configs: Configs, segments: Iterable[Segment], standing: Standing, settings: Settings, places: Collection[Place]
) -> Configs:
    """Fold the groups of some places anew, and leave the others as they are; the same as a fold of everything.

    Args:
        configs: the files that the places are in, as a fold of everything before has made them.
        segments: every segment that has a task for one of the places.
        standing: which jobs count by now.
        settings: as for `fold`.
        places: what the change bears on.

    Returns:
        Those files; a file without records has an empty list.
    """
    touched: defaultdict[str, set[str]] = defaultdict(set)
    for place in places:
        touched[place.path].add(place.workload.text)
    contest = _Contest(settings.keep, standing.revalidated)
    for segment in segments:
        for path, group, stored in entries(segment, settings):
            if group[0] in touched.get(path, ()) and standing.holds(stored):
                contest.enter(path, group, stored, segment.header.kind)
    folded = contest.result()
    return {
        path: list(
            heapq.merge(
                (stored for stored in configs.get(path, ()) if stored.record.workload.text not in workloads),
                folded.get(path, ()),
                key=lambda stored: stored.record.workload.text,
            )
        )
        for path, workloads in touched.items()
    }


def entries(segment: Segment, settings: Settings) -> Iterator[tuple[str, Group, StoredRecord]]:
    """The records of a segment with the file and group that each competes in."""
    for entry in segment.tasks:
        facts = group_facts(entry.task.section.platform.facts, settings)
        path = entry.task.place.path
        for stored in entry.records:
            yield path, group_of(stored, facts), stored


def group_of(stored: StoredRecord, facts: str) -> Group:
    """The group of a record: within one file, what it competes for."""
    record = stored.record
    return (record.workload.text, *stored.tuned_with.group, facts, record.target.target.limits_text)


def group_facts(facts: Mapping[str, Json], settings: Settings) -> str:
    """What of a platform's facts separates groups: those that the policy compares, as text."""
    if not settings.policy_facts:
        return ""
    return canonical_json({name: fact(facts, name) for name in settings.policy_facts})


class _Contest:
    """The records of each group, one a config."""

    def __init__(self, keep: int, revalidated: bool = False) -> None:
        self._keep = keep
        self._groups: defaultdict[tuple[str, Group], dict[bytes, _Ranked]] = defaultdict(dict)
        # A revalidation can drop any config to any rank, so then every record has to be remembered to the end.
        self._every: defaultdict[tuple[str, Group], list[tuple[StoredRecord, JobKind]]] | None = (
            defaultdict(list) if revalidated else None
        )

    def enter(self, path: str, group: Group, stored: StoredRecord, kind: JobKind) -> None:
        if self._every is not None:
            self._every[path, group].append((stored, kind))
            return
        candidates = self._groups[path, group]
        _keep_better(candidates, stored)
        if len(candidates) > self._keep + self._keep // 4:  # so few are held of a group, however many jobs there are
            kept = heapq.nsmallest(self._keep, candidates.values(), key=_place)
            self._groups[path, group] = {each[1].record.config: each for each in kept}

    def result(self) -> Configs:
        for place, records in (self._every or {}).items():
            revalidated: dict[bytes, _Stamp] = {}
            for stored, kind in records:
                if kind == "revalidate":
                    config = stored.record.config
                    revalidated[config] = max(_stamp(stored), revalidated.get(config, _BEFORE_ALL))
            for stored, _ in records:
                if _stamp(stored) >= revalidated.get(stored.record.config, _BEFORE_ALL):
                    _keep_better(self._groups[place], stored)
        files: dict[str, list[StoredRecord]] = defaultdict(list)
        for (path, _), candidates in sorted(self._groups.items()):
            files[path] += [stored for _, stored in heapq.nsmallest(self._keep, candidates.values(), key=_place)]
        return dict(files)


def _place(ranked: _Ranked) -> Rank:
    return ranked[0]


def _keep_better(candidates: dict[bytes, _Ranked], stored: StoredRecord) -> None:
    place = rank(stored)
    present = candidates.get(stored.record.config)
    if present is None or place < present[0]:
        candidates[stored.record.config] = (place, stored)


def _stamp(stored: StoredRecord) -> _Stamp:
    return (moment(stored), stored.job)
