"""What of an import is on record already."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from msgspec import Struct

from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import SEGMENT_RECORDS, Effort, Place, Segment, TaskRecords
from tvmgitlib.rules.effort import is_known, shared, union


class Overlap(Struct, frozen=True):
    """What of a segment is on record.

    Attributes:
        by_job: how many of its measurements each job holds: an estimate for logs that overlap in part, where a task
            has more trials than its sample.
        everything: whether it says nothing new at all.
    """

    by_job: dict[str, int]
    everything: bool


class _Claim:
    """A task of the import, and what the jobs that count say of the same."""

    def __init__(self, entry: TaskRecords) -> None:
        self.task = entry.task
        self._records = len(entry.records)
        self._efforts: list[Effort] = []
        self._configs: set[bytes] = set()

    def compare(self, other: TaskRecords) -> int:
        """How many measurements the two share."""
        section = other.task.section
        mine = self.task.section
        if (section.platform, section.tuned_with.group) == (mine.platform, mine.tuned_with.group):
            self._efforts.append(other.task.effort)
            self._configs |= {stored.record.config for stored in other.records}
        return shared(self.task.effort, other.task.effort)

    def is_on_record(self, *, with_records: bool) -> bool:
        if not self._efforts or not is_known(self.task.effort, union(self._efforts)):
            return False
        return not with_records or self._records <= len(self._configs)


def overlap(contents: Contents, segment: Segment, keep: int) -> Overlap:
    """Compare an import with the jobs that count.

    A measurement that is on record under another TVM or other facts is known, but saying so is new. So are records
    that were not kept while the library kept fewer.
    """
    claims: defaultdict[Place, list[_Claim]] = defaultdict(list)
    for entry in segment.tasks:
        claims[entry.task.place].append(_Claim(entry))
    keeps_more = keep > SEGMENT_RECORDS
    by_job: Counter[str] = Counter()
    for job, outline in sorted(_jobs_at(contents, claims).items()):
        other = contents.segment(job, with_records=True) if keeps_more else outline
        by_job[job] += sum(claim.compare(entry) for entry in other.tasks for claim in claims.get(entry.task.place, ()))
    on_record = (claim.is_on_record(with_records=keeps_more) for found in claims.values() for claim in found)
    return Overlap({job: count for job, count in by_job.items() if count}, all(on_record))


def _jobs_at(contents: Contents, places: Iterable[Place]) -> dict[str, Segment]:
    """The jobs that count and say anything of these places."""
    return {
        segment.header.id: segment
        for place in places
        for segment in contents.outlines.having(Narrowing.to(place))
        if contents.standing.counts(segment.header.id)
    }
