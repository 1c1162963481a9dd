"""Which records a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from tvmgitlib import families
from tvmgitlib.errors import SelectionError
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.platforms.detect import detect_for
from tvmgitlib.library.platforms.naming import THIS
from tvmgitlib.library.reading.labels import workload_label
from tvmgitlib.model import Place, Workload, parse_target


@dataclass(frozen=True, slots=True)
class Selection:
    """A family, target, platform and workload, each or none of them.

    Attributes:
        family: the tuner family's name.
        target: a target in any spelling; a `-model` in it selects nothing (use `platform`).
        platform: the platform's name; `this` for this machine's records.
        workload: text that the workload, as it is or as people are shown it, contains; or its id.

    Raises:
        SelectionError: no family of that name is installed.
        TargetError: the target does not parse.
    """

    family: str | None = None
    target: str | None = None
    platform: str | None = None
    workload: str | None = None

    def __post_init__(self) -> None:
        if self.family is not None and not families.is_known(self.family):
            raise SelectionError(
                f"no tuner family is called {self.family!r}", hint=f"Known here: {', '.join(families.names())}."
            )
        if self.target is not None:
            parse_target(self.target)

    @property
    def narrowing(self) -> Narrowing:
        """What the jobs have at least that have a task of it."""
        return Narrowing(self.family, self.platform if self.platform != THIS else None)

    def matches(self, place: Place) -> bool:
        """Whether what answers for a place is selected."""
        return (
            self.family in (None, place.family)
            and (self.platform is None or self._is_on(place))
            and (self.target is None or parse_target(self.target).target == place.target)
            and (self.workload is None or self._names(place.workload))
        )

    def _is_on(self, place: Place) -> bool:
        if self.platform != THIS:
            return self.platform == place.platform
        here = detect_for(place.target)
        return here is not None and here.name == place.platform

    def _names(self, workload: Workload) -> bool:
        text = self.workload or ""
        return text in workload.label or text in workload_label(workload) or text == workload.id
