"""Which jobs a question is about, as far as an index can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tvmgitlib.model import Place, Segment


class Narrowing(Struct, frozen=True):
    """What a job has to have: a task for which all of this is so; None for anything.

    Attributes:
        family: the tuner family.
        platform: the platform's name.
        workload: the workload's id.
        baseline: True where the task has to say what an untuned config takes.
    """

    family: str | None = None
    platform: str | None = None
    workload: str | None = None
    baseline: bool = False

    @classmethod
    def to(cls, place: Place) -> Narrowing:
        """Whatever may answer for a place (on any target: that is for who asks to decide)."""
        return cls(place.family, place.platform, place.workload.id)

    def matches(self, segment: Segment) -> bool:
        """Whether a job has such a task."""
        return any(
            self.is_at(entry.task.place) and (not self.baseline or entry.task.baseline is not None)
            for entry in segment.tasks
        )

    def is_at(self, place: Place) -> bool:
        """Whether a task of a place is one, as far as the place says it."""
        return (
            self.family in (None, place.family)
            and self.platform in (None, place.platform)
            and self.workload in (None, place.workload.id)
        )
