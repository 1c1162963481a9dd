"""The configs of a live task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from tvmgitlib.model import Config, FamilyName, GivenTarget, Json, Workload
from tvmgitlib.rules.suggesting import Space

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
