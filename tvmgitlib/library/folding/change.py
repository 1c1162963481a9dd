"""A change of a library, and what it makes of a configs/ that is right: only the groups that it bears on are folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tvmgitlib.format import ADDING
from tvmgitlib.library.folding.folded import Folded
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.rules.fold import Standing, fold_onto, fold_places, standing

if TYPE_CHECKING:
    from tvmgitlib.library.folding.library import Jobs, Stamped
    from tvmgitlib.model import Segment, Settings
    from tvmgitlib.store import Blob


class Change(Struct, frozen=True):
    """A change of a library.

    Attributes:
        added: jobs that come.
        dropped: ids of jobs that are no longer there (removed by plain Git on another branch).
        settings: the settings from now on; None for those of before.
        files: other files: content, a blob that exists, or None for a file that goes. A segment that is named here is
            taken as it is.
    """

    added: tuple[Segment, ...] = ()
    dropped: frozenset[str] = frozenset()
    settings: Settings | None = None
    files: Mapping[str, bytes | Blob | None] = field(default_factory=dict)


def fold_change(before: Stamped, change: Change, settings: Settings) -> Folded:
    """The files of configs/ that a change bears on, before and after it, where configs/ is right before.

    Args:
        before: the library before.
        change: the change.
        settings: the settings after it: those that a fold depends on are the same.
    """
    after = _standing(_deciding(before), change)
    if _is_additive(change, settings, after):
        return _fold_onto(before, change, settings)
    return _fold_touched(before, change, settings, after)


def standing_after(before: Jobs, change: Change) -> Standing:
    """Which jobs count after a change."""
    return _standing(before.outlines.deciding(), change)


def _deciding(before: Stamped) -> Iterable[Segment]:
    """The jobs that say anything of others; where the stamp, which is right, counts no such, nobody looks for them."""
    stamp = before.fold_stamp
    are_none = stamp is not None and stamp.tally.kinds.keys() <= set(ADDING)
    return () if are_none else before.outlines.deciding()


def _standing(deciding: Iterable[Segment], change: Change) -> Standing:
    kept = (segment for segment in deciding if segment.header.id not in change.dropped)
    return standing((segment.header, segment.invalidations) for segment in chain(kept, change.added))


def _is_additive(change: Change, settings: Settings, after: Standing) -> bool:
    """Whether the change adds records, and neither it nor any job decides about them."""
    return (
        not after.revalidated
        and not settings.policy_facts
        and not change.dropped
        and all(segment.header.kind in ADDING for segment in change.added)
        and not any(
            job in after.reverted or job in after.invalid for job in (segment.header.id for segment in change.added)
        )
    )


def _fold_onto(before: Jobs, change: Change, settings: Settings) -> Folded:
    touched = {entry.task.place.path for segment in change.added for entry in segment.tasks}
    old = new = before.configs_at(touched)
    for segment in change.added:
        new = fold_onto(new, segment, settings)
    return Folded(old, new, whole=False)


def _fold_touched(before: Jobs, change: Change, settings: Settings, after: Standing) -> Folded:
    touched = [entry.task.place for segment in change.added for entry in segment.tasks]
    for job in change.dropped | _reconsidered(before.standing, after):
        segment = before.outlines.get(job)
        touched += [entry.task.place for entry in segment.tasks] if segment is not None else []
    # Two that are equal may stand in two files: an older library spells some targets otherwise.
    places = list({(place.path, place.workload.text): place for place in touched}.values())
    jobs = {
        segment.header.id for place in places for segment in before.outlines.having(Narrowing.to(place))
    } - change.dropped
    segments = (before.segment(job, with_records=True, skip_absent=False) for job in sorted(jobs))
    old = before.configs_at({place.path for place in places})
    return Folded(old, fold_places(old, chain(segments, change.added), after, settings, places), whole=False)


def _reconsidered(before: Standing, after: Standing) -> set[str]:
    """The jobs of whose records another part holds than before."""
    return {
        job
        for job in {*before.reverted, *after.reverted, *before.invalid, *after.invalid}
        if (job in before.reverted, before.invalid.get(job)) != (job in after.reverted, after.invalid.get(job))
    }
