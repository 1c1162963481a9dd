"""Workloads and configs as numbers, from their text alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from msgspec import Struct, field

from tvmgitlib.model import Config, Knob, Scalar

#: The most numbers that are taken of a workload's arguments, of a knob's value, and the most knobs.
_MOST_SIZES: Final = 64
_MOST_PARTS: Final = 16
_MOST_KNOBS: Final = 64
_MISSING: Final = math.nan
#: What a number is cut to: models are made of single precision.
_LARGEST: Final = 1e30


@lru_cache(maxsize=65536)
def log2(number: int) -> float:
    """The binary logarithm of a factor; 0 for what is none."""
    return math.log2(number) if number > 1 else 0.0


def sizes(arguments: object) -> list[float]:
    """The numbers in a workload's arguments, each as log2(1 + its size), in their order."""
    numbers = (part for part in _leaves(arguments) if isinstance(part, (int, float)))
    return [math.log2(1 + abs(part)) if abs(part) < math.inf else 0.0 for part in islice(numbers, _MOST_SIZES)]


def words(arguments: object) -> list[str]:
    """The words in a workload's arguments: types and layouts, in their order."""
    return list(islice((part for part in _leaves(arguments) if isinstance(part, str)), _MOST_SIZES))


def _leaves(value: Any) -> Iterator[Any]:
    """What a value is made of; an absent part counts as 0, so that forms with and without one agree in place."""
    if isinstance(value, Mapping):
        for name in sorted(value, key=str):
            yield from _leaves(value[name])
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _leaves(each)
    else:
        yield 0 if value is None else value


class Features(Struct):
    """Turns workloads with their configs into rows of one length.

    Args:
        configs: all that will be asked for, or like them: which knobs there are.
    """

    _lengths: dict[str, int] = field(default_factory=dict)
    _codes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, configs: Iterable[Config]) -> Features:
        """Those that describe these configs."""
        lengths: dict[str, int] = {}
        texts: set[str] = set()
        for config in configs:
            for name, knob in config.items():
                if name in lengths or len(lengths) < _MOST_KNOBS:
                    lengths[name] = max(lengths.get(name, 0), min(len(knob.value), _MOST_PARTS))
                if knob.kind == "choice":
                    texts.update(str(part) for part in knob.value if not isinstance(part, (int, float)))
        return cls(dict(sorted(lengths.items())), {text: place for place, text in enumerate(sorted(texts))})

    def row(self, arguments: Sequence[float], config: Config, axes: Mapping[str, int]) -> list[float]:
        """A config of a workload.

        Args:
            arguments: the workload's `sizes`.
            config: the config.
            axes: the lengths of the axes that it splits.
        """
        row = [*arguments, *(_MISSING,) * (_MOST_SIZES - len(arguments))]
        totals = [0.0] * _MOST_PARTS
        for name, length in self._lengths.items():
            knob = config.get(name)
            values = [] if knob is None else self._values(knob, axes.get(name, 1))[:length]
            row += [*values, *(_MISSING,) * (length - len(values))]
            if knob is not None and knob.kind == "split":
                row += _padded(_inner(values), length)
                for place, each in enumerate(reversed(values)):  # by place from the innermost: threads, lanes, ...
                    totals[place] += each
            else:
                row += (_MISSING,) * length
        return row + totals[:4] + _inner(totals[:4][::-1])

    def _values(self, knob: Knob, axis: int) -> list[float]:
        if knob.kind == "split":
            return factors(knob, axis)
        return [self._number(part) for part in knob.value[:_MOST_PARTS]]

    def _number(self, part: Scalar) -> float:
        if isinstance(part, (int, float)):
            return max(-_LARGEST, min(float(part), _LARGEST))
        return float(self._codes.get(str(part), -1))


def factors(knob: Knob, axis: int) -> list[float]:
    """The factors of a split, as binary logarithms; the outermost is worked out where the knob does not say it."""
    found = [log2(part) if isinstance(part, int) else 0.0 for part in knob.value[:_MOST_PARTS]]
    if knob.value and knob.value[0] == 0:
        found[0] = max(log2(axis) - math.fsum(found[1:]), 0.0)
    return found


def _inner(values: Sequence[float]) -> list[float]:
    """What a part and all inside of it come to, from the innermost out."""
    total = 0.0
    sums = []
    for value in reversed(values):
        total += value
        sums.append(total)
    return sums


def _padded(values: list[float], length: int) -> list[float]:
    return [*values, *(_MISSING,) * (length - len(values))]
