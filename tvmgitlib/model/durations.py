"""Times in words."""

from __future__ import annotations


def duration(seconds: float | None, unknown: str = "") -> str:
    """A time to two decimals of its unit: `84.21 us`, `1.27 ms`, `2.40 s`; other words where nobody knows it."""
    if seconds is None:
        return unknown
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if round(seconds / scale, 2) < 1000:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds:.2f} s"
