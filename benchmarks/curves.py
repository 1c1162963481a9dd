"""Curves of what commands cost by the size of a library, as a small SVG: both axes are logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 560, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 210, 20, 40
_COLOURS = (
    "#1b6ca8",
    "#c0392b",
    "#27864a",
    "#8e44ad",
    "#b9770e",
    "#2c3e50",
    "#16857a",
    "#a04070",
    "#5d6d7e",
    "#7d6608",
)
_LINE = 13


@dataclass(frozen=True)
class Curve:
    """Seconds of the processor by the number of jobs."""

    name: str
    seconds: Mapping[int, float]


def drawn(curves: Sequence[Curve]) -> str:
    """The picture of all curves that have more than one point."""
    shown = [curve for curve in curves if len(curve.seconds) > 1]
    sizes = sorted({size for curve in shown for size in curve.seconds})
    values = [value for curve in shown for value in curve.seconds.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def across(size: int) -> float:
        return _LEFT + (math.log10(size) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def up(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for power in range(low, high + 1):
        at = up(10.0**power)
        parts.append(f'<path d="M{_LEFT} {at:.0f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>')
    for size in sizes:
        parts.append(f'<text x="{across(size):.0f}" y="{_HEIGHT - 20}" text-anchor="middle">{size:,}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 4}" text-anchor="middle">jobs in the library</text>')
    by_height = sorted(shown, key=lambda curve: -curve.seconds[max(curve.seconds)])
    ends = _apart([up(curve.seconds[max(curve.seconds)]) for curve in by_height])
    for number, (curve, label) in enumerate(zip(by_height, ends, strict=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{across(size):.1f},{up(value):.1f}" for size, value in sorted(curve.seconds.items()))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        at = f'x="{_WIDTH - _RIGHT + 8}" y="{label + 4:.1f}"'
        parts.append(f'<text {at} fill="{colour}">{escape(curve.name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _apart(heights: Iterable[float]) -> Iterator[float]:
    """Heights from the top down, moved so that no label lies on the one before."""
    last = -math.inf
    for height in heights:
        last = max(height, last + _LINE)
        yield last
