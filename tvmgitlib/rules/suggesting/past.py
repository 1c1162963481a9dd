"""What other workloads have on record."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from msgspec import Struct

from tvmgitlib.model import Call, Config, KnobTrial
from tvmgitlib.rules.suggesting.features import sizes, words

#: A run time so much below the median of its task's is no measurement: a clock that stood still.
_IMPLAUSIBLE: Final = 1e-3
#: The product of an axis beyond which it is none.
_LARGEST: Final = 2**62


class PastTask(Struct, frozen=True, dict=True):
    """A workload with its trials.

    Attributes:
        call: the workload.
        trials: what was tried, in any order.
        jobs: the ids of the jobs that did it.
        platform: where.
        extents: the lengths of the axes that knobs split, by knob; what is not said is worked out from the trials.
    """

    call: Call
    trials: Sequence[KnobTrial]
    jobs: tuple[str, ...] = ()
    platform: str = ""
    extents: Mapping[str, int] | None = None

    @cached_property
    def shares(self) -> list[tuple[Config, float]]:
        """Its configs, each once, best first, with the share that each has of the best one's speed; 0 for a failure."""
        times = [trial.cost for trial in self.trials if trial.cost is not None and 0 < trial.cost < math.inf]
        least = statistics.median(times) * _IMPLAUSIBLE if times else 0.0
        costs: dict[object, tuple[float, Config]] = {}
        for trial in self.trials:
            cost = math.inf if trial.cost is None else trial.cost
            if not cost >= max(least, sys.float_info.min):
                continue
            name = key_of(trial.config)
            if name not in costs or cost < costs[name][0]:
                costs[name] = (cost, trial.config)
        found = sorted(costs.values(), key=lambda each: each[0])
        return [(config, found[0][0] / cost if cost < math.inf else 0.0) for cost, config in found]

    @property
    def has_success(self) -> bool:
        """Whether any of its trials succeeded."""
        return bool(self.shares) and self.shares[0][1] > 0

    @cached_property
    def axes(self) -> Mapping[str, int]:
        """The lengths of the axes that its knobs split, as far as they are known."""
        return {**common_axes(trial.config for trial in self.trials), **(self.extents or {})}


def key_of(config: Config) -> tuple[object, ...]:
    """What two configs have in common that decide the same."""
    return tuple(sorted(config.items()))


def common_axes(configs: Iterable[Config]) -> dict[str, int]:
    """The lengths of split axes: the least common multiples of what the factors of each come to."""
    axes: dict[str, int] = {}
    for config in configs:
        for name, knob in config.items():
            if knob.kind == "split":
                known = axes.get(name, 1)
                longer = math.lcm(known, product(knob.value))
                axes[name] = longer if longer <= _LARGEST else known
    return axes


def product(factors: Iterable[object]) -> int:
    """What the factors that are said come to."""
    return math.prod(factor for factor in factors if isinstance(factor, int) and factor > 0)


def distance(one: Call, other: Call) -> float:
    """How far two workloads of an operator are apart: the doublings between their sizes, over all of them.

    Infinite where their arguments are not of one form; other types or layouts count for eight doublings each.
    """
    here, there = sizes(one.arguments), sizes(other.arguments)
    if len(here) != len(there):
        return math.inf
    differing = sum(a != b for a, b in zip(words(one.arguments), words(other.arguments), strict=False))
    return math.fsum(abs(a - b) for a, b in zip(here, there, strict=True)) + 8.0 * differing
