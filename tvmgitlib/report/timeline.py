"""How the best config of a workload changed with every job: the fold of the jobs that there were by then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from tvmgitlib.model import Segment, Settings, StoredRecord
from tvmgitlib.rules.fold import Standing, fold, standing
from tvmgitlib.rules.order import rank

#: The best record of each TVM, by distribution and minor version.
_Leaders: TypeAlias = "dict[tuple[str, str], StoredRecord]"

#: What the standing of jobs means for one workload: its jobs that do not count, and what is invalid of the others.
_Bearing: TypeAlias = "tuple[frozenset[str], tuple[tuple[str, frozenset[str] | None], ...], bool]"

_NOTHING: _Bearing = (frozenset(), (), False)


class Step(Struct, frozen=True):
    """A job that changed the best config of a workload.

    Attributes:
        job: the job: of a revert or an invalidation, the one that took the record away.
        tvm: the distribution and minor version of which it is the best.
        cost: the best mean run time from then on, in seconds; None where nothing is left.
        before: what it was until then; None where there was none.
    """

    job: str
    tvm: str
    cost: float | None
    before: float | None


class Timeline:
    """The order in which jobs came to a library.

    Args:
        jobs: every job, oldest first; their tasks are not looked at.
        settings: the library's.
    """

    def __init__(self, jobs: Sequence[Segment], settings: Settings) -> None:
        self._settings = settings
        self._jobs = [segment.header.id for segment in jobs]
        told: list[Segment] = []
        self._standings: dict[int, Standing] = {}
        for position, segment in enumerate(jobs):
            if segment.header.reverts or segment.invalidations or segment.header.kind == "revalidate":
                told.append(segment)
                self._standings[position] = standing((each.header, each.invalidations) for each in told)

    def steps(self, parts: Mapping[int, Segment]) -> list[Step]:
        """The changes of a workload's best config, oldest first.

        Args:
            parts: the jobs that tuned it, by their place in the order, with nothing but its records.
        """
        found: list[Step] = []
        so_far: list[Segment] = []
        leaders: _Leaders = {}
        bearing = _NOTHING
        decided = standing(())
        first = min(parts, default=0)
        for position in sorted(parts.keys() | {each for each in self._standings if each >= first}):
            decided = self._standings.get(position, decided)
            part = parts.get(position)
            if part is not None:
                so_far.append(part)
            bears = _bearing(decided, so_far)
            if part is None and bears == bearing:
                continue
            if part is not None and bears == _NOTHING:
                new = _leaders([leaders.values(), _records(part)])
            else:
                new = _leaders(fold(so_far, decided, self._settings).values())
            found += _changes(self._jobs[position], leaders, new)
            leaders, bearing = new, bears
        return found


def _bearing(decided: Standing, parts: Iterable[Segment]) -> _Bearing:
    jobs = [part.header.id for part in parts]
    again = any(part.header.kind == "revalidate" for part in parts)
    return (
        frozenset(job for job in jobs if not decided.counts(job)),
        tuple((job, decided.invalid[job]) for job in jobs if job in decided.invalid),
        again and decided.revalidated,
    )


def _records(part: Segment) -> Iterable[StoredRecord]:
    return (stored for entry in part.tasks for stored in entry.records)


def _leaders(groups: Iterable[Iterable[StoredRecord]]) -> _Leaders:
    best: _Leaders = {}
    for stored in (stored for group in groups for stored in group):
        known = best.get(stored.tuned_with.group)
        if known is None or rank(stored) < rank(known):
            best[stored.tuned_with.group] = stored
    return best


def _changes(job: str, before: _Leaders, after: _Leaders) -> Iterable[Step]:
    for group in sorted(before.keys() | after.keys()):
        old = before[group].record.cost if group in before else None
        new = after[group].record.cost if group in after else None
        if old != new:
            yield Step(job, " ".join(filter(None, group)) or "an unknown TVM", new, old)
