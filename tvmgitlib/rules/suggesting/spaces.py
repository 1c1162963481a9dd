"""The configs that a task can have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from random import Random
from typing import Final, Protocol

from tvmgitlib.model import Config, Knob
from tvmgitlib.rules.suggesting.snapping import apart, nearest_knob

#: A space of at most so many configs is ranked whole; of a larger one so many are drawn.
WHOLE: Final = 2048
_DRAWN: Final = 1024
#: How many of the nearest are tried for one that a rule of the space allows.
_PATIENCE: Final = 64


class Space(Protocol):
    """The configs of a task."""

    @property
    def axes(self) -> Mapping[str, int]:
        """The lengths of the axes that knobs split, by knob."""
        ...

    def nearest(self, wanted: Config) -> Config | None:
        """The config nearest to one of another workload; None where its knobs mean nothing here."""
        ...

    def drawn(self, random: Random) -> list[Config]:
        """Every config of a small space, some of a large one."""
        ...

    def neighbours(self, config: Config, count: int, random: Random) -> list[Config]:
        """Configs that differ from one in a knob; none where `drawn` has them all."""
        ...


class ProductSpace:
    """Any value of each knob with any of the others.

    Args:
        knobs: the values that each knob may have.
        axes: the lengths of the axes that knobs split, by knob.
        allows: whether a config is one: a template may have rules across knobs.
    """

    def __init__(
        self,
        knobs: Mapping[str, Sequence[Knob]],
        axes: Mapping[str, int],
        allows: Callable[[Config], bool] = lambda _: True,
    ) -> None:
        self._knobs = knobs
        self.axes = axes
        self._allows = allows

    def __len__(self) -> int:
        return math.prod(len(values) for values in self._knobs.values())

    def nearest(self, wanted: Config) -> Config | None:
        if not self._knobs.keys() & wanted.keys():
            return None
        config: dict[str, Knob] = {}
        for name, values in self._knobs.items():
            found = nearest_knob(wanted[name], values) if name in wanted else next(iter(values), None)
            if found is None:
                return None
            config[name] = found
        return config if self._allows(config) else self._near(config)

    def _near(self, config: Config) -> Config | None:
        """The first of some configs near one that the space does not allow that it does."""
        random = Random(0)
        near = sorted(self._varied(config, _PATIENCE, random), key=lambda other: apart(config, other))
        return next((other for other in near if self._allows(other)), None)

    def drawn(self, random: Random) -> list[Config]:
        if len(self) <= WHOLE:
            names = list(self._knobs)
            every = (dict(zip(names, values, strict=True)) for values in product(*self._knobs.values()))
            return [config for config in every if self._allows(config)]
        draws = ({name: random.choice(values) for name, values in self._knobs.items()} for _ in range(_DRAWN))
        return [config for config in draws if self._allows(config)]

    def neighbours(self, config: Config, count: int, random: Random) -> list[Config]:
        if len(self) <= WHOLE:
            return []
        return [other for other in self._varied(config, count, random) if self._allows(other)]

    def _varied(self, config: Config, count: int, random: Random) -> Iterator[Config]:
        names = [name for name, values in self._knobs.items() if len(values) > 1]
        for _ in range(count if names else 0):
            name = random.choice(names)
            yield {**config, name: random.choice(self._knobs[name])}
