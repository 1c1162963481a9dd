"""A fold of every job, and what else is found out when all of them are read anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from tvmgitlib import families
from tvmgitlib.format import Tally
from tvmgitlib.library.folding.ahead import remember_ahead
from tvmgitlib.library.outlines import Spread

if TYPE_CHECKING:
    from tvmgitlib.model import FamilyName, Segment
    from tvmgitlib.rules.fold import Configs
    from tvmgitlib.store import Snapshot


class Whole(Struct, frozen=True):
    """What all jobs of a commit come to.

    Attributes:
        configs: what configs/ has to be, as far as families are installed here.
        tally: what is counted of the segments.
        families: those that they have tasks of.
    """

    configs: Configs
    tally: Tally
    families: frozenset[FamilyName]


def fold_whole(snapshot: Snapshot, segments: Iterable[Segment], fold: Callable[[Iterable[Segment]], Configs]) -> Whole:
    """Fold all jobs in one pass. Where a best config of them may be too far ahead is remembered.

    Args:
        snapshot: the commit.
        segments: its jobs, with the records of families that are installed here.
        fold: folds them.
    """
    seen = _Seen()
    configs = fold(seen.passing(segments))
    if all(map(families.is_shipped, seen.families)):  # what others say may change without the commit
        remember_ahead(snapshot, seen.spread.far_ahead())
    return Whole(configs, Tally(seen.kinds, seen.baselines), frozenset(seen.families))


class _Seen:
    """What is seen of segments that pass by."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.baselines = 0
        self.families: set[FamilyName] = set()
        self.spread = Spread()

    def passing(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        for segment in segments:
            one = Tally.of([segment])
            self.kinds += one.kinds
            self.baselines += one.baselines
            self.families.update(entry.task.section.family for entry in segment.tasks)
            self.spread.take(segment)
            yield segment
