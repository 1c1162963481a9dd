"""Which records a question is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from tvmgitlib import families
from tvmgitlib.library import platforms
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.reading.labels import is_named_by
from tvmgitlib.model import (
    SelectionError,
    is_unicode,
    parse_target,
    platform_name_from,
)

if TYPE_CHECKING:
    from tvmgitlib.model import (
        ConfigsFile,
        FamilyName,
        GivenTarget,
        Place,
        StoredRecord,
        Workload,
    )


class Part(Struct, frozen=True):
    """The part of configs/ in which a question finds its answers; None for any.

    Attributes:
        family: the tuner family.
        platform: the platform's name.
        workload: the workload.
        named: whether a workload is one of those that are meant, where that is not one.
    """

    family: FamilyName | None = None
    platform: str | None = None
    workload: Workload | None = None
    named: Callable[[Workload], bool] | None = None

    @property
    def narrowing(self) -> Narrowing:
        """What the jobs have at least that have a task of it."""
        return Narrowing(self.family, self.platform, self.workload.id if self.workload else None)

    def has_file(self, file: ConfigsFile) -> bool:
        """Whether a file may have records of it."""
        return self.family in (None, file.family) and self.platform in (None, file.platform)

    def has(self, stored: StoredRecord) -> bool:
        """Whether a record, which stands in such a file, is of it."""
        workload = stored.record.workload
        return self.workload in (None, workload) and (self.named is None or self.named(workload))


#: All of configs/.
WHOLE = Part()


class Selection(Struct, frozen=True):
    """A family, target, platform and workload, each or none of them.

    Attributes:
        family: the tuner family's name.
        target: a target in any spelling; a `-model` in it names the platform, as in a build.
        platform: the platform's name; `this` for this machine's records.
        workload: text that the workload, as it is or as people are shown it, contains; its id, or `#` and the
            beginning of that.

    Raises:
        SelectionError: no family of that name is installed, or a text is not valid Unicode.
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
        for name, text in {"platform": self.platform, "workload": self.workload}.items():
            if not is_unicode(text):
                raise SelectionError(f"the {name} is not valid Unicode: {text!a}", hint="Give it in UTF-8.")

    @property
    def narrowing(self) -> Narrowing:
        """What the jobs have at least that have a task of it."""
        platform = self.named_platform
        return Narrowing(self.family, platform if platform != platforms.THIS else None)

    @property
    def part(self) -> Part:
        """The part of configs/ that all of it is in."""
        known = self.narrowing
        return Part(known.family, known.platform, named=None if self.workload is None else self._names)

    def matches(self, place: Place, *, any_limits: bool = False) -> bool:
        """Whether what answers for a place is selected: of a target, this one and no other.

        Args:
            place: the place.
            any_limits: whether a target that states other limits of the device is this one too.
        """
        asked = self.asked
        if asked is None or not self._is_meant(place):
            return asked is None and self._is_meant(place)
        return asked.target == place.target and (any_limits or asked.target.has_limits_of(place.target))

    def asks(self, place: Place, *, near: bool = False) -> bool:
        """Whether a lookup of what is selected finds what is recorded for a place: `cuda` answers for its archs too.

        Args:
            place: the place.
            near: whether a target is enough that leaves out a triple or a CPU.
        """
        asked = self.asked
        if asked is None or not self._is_meant(place):
            return asked is None and self._is_meant(place)
        key = place.target.device_key
        return key in asked.target.lookup_keys or (near and key in asked.target.near_keys)

    @property
    def asked(self) -> GivenTarget | None:
        """The target, read."""
        return parse_target(self.target) if self.target is not None else None

    def _is_meant(self, place: Place) -> bool:
        """Whether all but the target is."""
        return (
            self.family in (None, place.family)
            and (self.named_platform is None or self._is_on(place))
            and self._names(place.workload)
        )

    def _names(self, workload: Workload) -> bool:
        return self.workload is None or is_named_by(workload, self.workload)

    @property
    def named_platform(self) -> str | None:
        """The platform, which a target's `-model` names too."""
        if self.platform is not None or self.asked is None or self.asked.model is None:
            return self.platform
        return platform_name_from(self.asked.model)

    def _is_on(self, place: Place) -> bool:
        if self.named_platform != platforms.THIS:
            return self.named_platform == place.platform
        here = platforms.detect_for(place.target)
        return here is not None and here.name == place.platform
