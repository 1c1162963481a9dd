"""What stands on the axes of pictures: few round numbers, at least two of them, wherever the values lie."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, Final

from tvmgitlib.model import moment_of

#: Times further apart than by this factor have the ticks 1, 2, 5, 10, ...; nearer ones those at even distances.
_APART: Final = 4

#: Up to so many powers of ten an axis has round numbers between them.
_FEW_DECADES: Final = 2

#: How much an axis shows around a time that stands alone, as a part of it.
_AROUND: Final = 0.1

#: How many ticks an axis has at most, or one more.
_MOST: Final = 8

#: How many ticks a low picture has at most beside 0, or one more.
_FEW: Final = 4

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

#: Distances between dates on an axis: Vega's name of the unit, how many of it, and how long that is in seconds.
_INTERVALS: Final = (
    *(("seconds", step, step) for step in (1, 5, 15, 30)),
    *(("minutes", step, step * _MINUTE) for step in (1, 5, 15, 30)),
    *(("hours", step, step * _HOUR) for step in (1, 3, 6, 12)),
    *(("day", step, step * _DAY) for step in (1, 2)),
    ("week", 1, 7 * _DAY),
    *(("month", step, step * 30 * _DAY) for step in (1, 3)),
    *(("year", step, step * 365 * _DAY) for step in (1, 2, 5, 10)),
)

#: How a date looks, by what its distance from the next is counted in; midnight among hours is its day.
_FORMATS: Final[dict[str, Any]] = {
    "seconds": "%H:%M:%S",
    "minutes": "%H:%M",
    "hours": {"hours": "%H:%M", **dict.fromkeys(("date", "week", "month", "quarter", "year"), "%b %-d")},
    "day": "%b %-d",
    "week": "%b %-d",
    "month": "%b %Y",
    "year": "%Y",
}


def times(values: Iterable[float]) -> dict[str, Any]:
    """The axis and the scale of run times: a logarithmic one, from the tick below the least to that above the most.

    Args:
        values: the times, in the unit that the axis has; at least one, and all above 0.
    """
    known = sorted(values)
    low, high = known[0], known[-1]
    ticks = _powers(low, high) if high >= _APART * low else _even(low, high)
    domain = [min(ticks[0], low), max(ticks[-1], high)]
    scale = {"type": "log", "nice": False, "padding": 8, "domain": domain}
    return {"axis": {"values": ticks, "format": "~s"}, "scale": scale}


def numbers(values: Iterable[int]) -> dict[str, Any]:
    """The axis and the scale of whole numbers from 1, such as those of trials."""
    last = max(values)
    step = int(_round_step(max(last / _MOST, 1)))
    ticks = list(range(step, last + 1, step))
    return {"axis": {"values": ticks, "format": ",d"}, "scale": {"zero": False, "nice": False, "padding": 8}}


def counts(values: Iterable[int]) -> dict[str, Any]:
    """The axis of how many there are of something, from 0."""
    most = max(values)
    step = int(_round_step(max(most / _FEW, 1)))
    return {"axis": {"values": list(range(0, most + 1, step)), "format": "~s"}}


def dates(values: Iterable[str]) -> dict[str, Any]:
    """The axis, the scale and the title of dates, in UTC: the days that they span are the title.

    Args:
        values: the dates, in the format of ISO 8601; at least one that is a moment.
    """
    known = sorted(moment for value in values if (moment := moment_of(value)) is not None)
    span = (known[-1] - known[0]).total_seconds()
    unit, step, _ = next((each for each in _INTERVALS if span <= _MOST * each[2]), _INTERVALS[-1])
    days = list(dict.fromkeys(known[at].date().isoformat() for at in (0, -1)))
    axis = {
        "tickCount": {"interval": unit, "step": step},
        "format": _FORMATS[unit],
        "labelOverlap": True,
        "labelSeparation": 10,
    }
    return {"title": " to ".join(days), "axis": axis, "scale": {"type": "utc"}}


def _powers(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... around two times, or powers of ten alone where these are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= _FEW_DECADES else (1,)
    every = range(first, last + 1, max(1, (last - first) // 6))
    found = [float(f"{step}e{power}") for power in every for step in steps]
    return found[max(bisect_right(found, low) - 1, 0) : bisect_left(found, high) + 1]


def _even(low: float, high: float) -> list[float]:
    """Round numbers at even distances around two times that are near to each other, or the same."""
    if high - low < _AROUND * low / 2:
        middle = (low + high) / 2
        low, high = min(low, (1 - _AROUND) * middle), max(high, (1 + _AROUND) * middle)
    step = _round_step((high - low) / 5)
    first, last = math.floor(_digits(low / step)), math.ceil(_digits(high / step))
    return [_digits(step * at) for at in range(first, last + 1)]


def _round_step(least: float) -> float:
    """The first of ..., 1, 2, 5, 10, ... that is no less than a number."""
    power = math.floor(math.log10(least))
    return next(step for step in (float(f"{digit}e{power}") for digit in (1, 2, 5, 10)) if step >= least)


def _digits(value: float) -> float:
    """Without what binary fractions add."""
    return float(f"{value:.6g}")
