"""Suggestions as answers: plain values, the same in Python and as the JSON of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.reading import Placed
from tvmgitlib.model import Json


class Suggested(Struct, frozen=True):
    """A config that nobody may have measured for its task.

    Attributes:
        config: the config, as its tuner writes it.
        how: `ranked` by the model, `snapped` from the nearest workload, or `repeated`: the same workload's own.
        share: the predicted share of the best config's speed, from 0 to 1.
        distance: how far the nearest source is: the doublings between its sizes and this workload's; None where their
            arguments are not of one form.
        jobs: the ids of the jobs that it comes from, nearest first.
        why: all that in words.
        native: the config as the TVM at hand has it: a `ConfigEntity` of AutoTVM, a `Schedule` of MetaSchedule.
    """

    config: Json
    how: str
    share: float
    distance: float | None
    jobs: tuple[str, ...]
    why: str
    native: Any = None

    def to_json(self) -> dict[str, Any]:
        return self._told() | {"jobs": list(self.jobs)}

    def _told(self) -> dict[str, Any]:
        """What it is; `native` is the same once more."""
        return {name: value for name, value in asdict(self).items() if name != "native"}

    def __eq__(self, other: object) -> bool:
        return self._told() == other._told() if isinstance(other, Suggested) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._told().values()))

    def __repr__(self) -> str:
        return f"Suggested({', '.join(f'{name}={value!r}' for name, value in self._told().items())})"


class Suggestions(Placed, frozen=True):
    """What is suggested for one task, best first.

    Attributes:
        suggestions: the configs to try.
        by: what they come from, in words; empty where there are none.
        why: why there are none, or no ranked ones, in words; empty where nothing is amiss.
        seed: of what was drawn.
    """

    suggestions: tuple[Suggested, ...]
    by: str
    why: str
    seed: int

    def __iter__(self) -> Iterator[Suggested]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, place: int) -> Suggested:
        return self.suggestions[place]

    def to_json(self) -> dict[str, Any]:
        return self.fields("by", "why", "seed") | {"suggestions": [each.to_json() for each in self]}
