"""The configs of a live task."""

from __future__ import annotations

from typing import Any, Protocol

from tvmgitlib.model import Config, Json
from tvmgitlib.rules.suggesting import Space


class LiveSpace(Space, Protocol):
    """A space whose configs the TVM at hand can build."""

    def native(self, config: Config) -> Any:
        """A config of the space as its tuner has it."""
        ...

    def written(self, native: Any) -> Json:
        """The same as its tuner writes it."""
        ...
