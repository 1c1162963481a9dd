"""The configs of a live task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any, Protocol, TypeAlias

from tvmgitlib.library.suggesting import Evidence
from tvmgitlib.model import Config, FamilyName, GivenTarget, Json, Workload
from tvmgitlib.rules.suggesting import Space, key_of

#: Suggests a config for what a build asks for and has no record of, as the TVM at hand has it; None for no suggestion.
#: It is given the family, the target, the workload, and what makes the task.
Suggesting: TypeAlias = "Callable[[FamilyName, GivenTarget, Workload, Callable[[], Any]], Any]"


class LiveSpace(Space, Protocol):
    """A space whose configs the TVM at hand can build."""

    def native(self, config: Config) -> Any:
        """A config of the space as its tuner has it."""
        ...

    def written(self, native: Any) -> Json:
        """The same as its tuner writes it."""
        ...

    def build(self, native: Any) -> None:
        """Build a config; what comes of it is given away.

        Raises:
            Exception: of whatever kind TVM raises: it does not build.
        """
        ...


class SnappedSpace(ABC):
    """The configs of a task that schedules of other workloads make, snapped to it: it has no others.

    Args:
        known: what is on record of other workloads.
        drawn: how many configs of theirs are tried, to be ranked.
        of_each: how many of each workload.

    Attributes:
        axes: the extents of the task's loops, as far as snapping has met them.
    """

    def __init__(self, known: Evidence, drawn: int, of_each: int) -> None:
        self.axes: dict[str, int] = {}
        self._known = known
        self._drawn, self._of_each = drawn, of_each
        self._tried: dict[object, Config | None] = {}

    def nearest(self, wanted: Config) -> Config | None:
        """The config of the task that comes nearest to another one's; None where it makes none."""
        name = key_of(wanted)
        if name not in self._tried:
            self._tried[name] = self._snap(wanted)
        return self._tried[name]

    def drawn(self, random: Random) -> list[Config]:
        """The configs that the best of other workloads make."""
        best = [config for task in self._known.past for config, share in task.shares[: self._of_each] if share > 0]
        found = map(self.nearest, best[: self._drawn])
        return [config for config in found if config is not None]

    def neighbours(self, config: Config, count: int, random: Random) -> list[Config]:
        """None: a schedule with one decision changed is no other workload's."""
        return []

    @abstractmethod
    def _snap(self, wanted: Config) -> Config | None:
        """What a config of another workload makes of the task; None where TVM cannot apply it."""
