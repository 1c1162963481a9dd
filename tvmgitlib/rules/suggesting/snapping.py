"""Bringing a config of one workload into the space of another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from tvmgitlib.model import Config, Knob, Scalar
from tvmgitlib.rules.suggesting.features import log2

#: What a knob counts for that only one of two configs has.
_ABSENT: Final = 2.0
#: The most divisors of an axis that are looked at.
_MOST_DIVISORS: Final = 4096


def apart(one: Config, other: Config) -> float:
    """How far two configs are apart: the doublings between their factors, and a point for each other difference."""
    total = 0.0
    for name, knob in one.items():
        there = other.get(name)
        total += _ABSENT if there is None else knobs_apart(knob, there)
    return total


def knobs_apart(one: Knob, other: Knob) -> float:
    """The same of one knob. What a split leaves for the outermost follows from the rest."""
    if one.kind != other.kind or len(one.value) != len(other.value):
        return _ABSENT
    if one == other:
        return 0.0
    if one.kind == "split":
        return math.fsum(abs(_log(a) - _log(b)) for a, b in zip(one.value[1:], other.value[1:], strict=True))
    return math.fsum(_parts_apart(a, b) for a, b in zip(one.value, other.value, strict=True))


def _parts_apart(one: Scalar, other: Scalar) -> float:
    if one == other:
        return 0.0
    if isinstance(one, int) and isinstance(other, int):
        return min(1.0, abs(log2(abs(one) + 1) - log2(abs(other) + 1)))
    return 1.0


def _log(part: Scalar) -> float:
    return log2(part) if isinstance(part, int) else 0.0


def nearest_knob(wanted: Knob, allowed: Iterable[Knob]) -> Knob | None:
    """The nearest of the values that a knob may have, the first of equals; None where there is none."""
    return min(allowed, key=lambda knob: knobs_apart(wanted, knob), default=None)


def snapped_factors(wanted: Sequence[int], axis: int) -> tuple[int, ...]:
    """Factors of an axis nearest to those of another one: from the innermost out, each a divisor of what is left.

    Args:
        wanted: the factors of the other axis, from the outermost in. What is over goes to the outermost.
        axis: the length of the axis.
    """
    left = axis
    found: list[int] = []
    for factor in reversed(wanted[1:]):
        nearest = min(divisors(left), key=lambda each: (abs(log2(each) - log2(factor)), each))
        found.append(nearest)
        left //= nearest
    return (left, *reversed(found))


@lru_cache(maxsize=4096)
def divisors(number: int) -> tuple[int, ...]:
    """The divisors of a length, ascending: of a very long one those below the square root of what is looked at."""
    low = [each for each in range(1, min(math.isqrt(number), _MOST_DIVISORS) + 1) if number % each == 0]
    return tuple(sorted({*low, *(number // each for each in low)}))
