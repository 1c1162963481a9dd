"""How much the trials of other workloads count beside a task's own."""

from __future__ import annotations

from typing import Final

#: So many own trials leave the library's weight as it is.
OWN_FIRST: Final = 24
_HALF: Final = 16


def library_weight(own: int) -> float:
    """The weight of a trial of another workload, where an own one weighs 1: half of it every 16 after the 24th.

    Args:
        own: how many trials the task has of its own.
    """
    return float(0.5 ** (max(0, own - OWN_FIRST) / _HALF))
