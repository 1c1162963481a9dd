"""What a job tried for one workload, in as few points as a picture needs."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tvmgitlib.library.curves import CurvePoint
from tvmgitlib.model import Trial


class Curve(Struct, frozen=True):
    """The run times of some trials.

    Attributes:
        in_order: whether they are in the order in which they were made: a kept history says it. Else fastest first.
        points: a trial's number from 1 (its rank, where they are not in order), and its mean run time in seconds; None
            for a failure.
    """

    in_order: bool
    points: tuple[tuple[int, float | None], ...]

    @property
    def best(self) -> list[tuple[int, float]]:
        """The trials that were better than all before them, each with its time."""
        found: list[tuple[int, float]] = []
        for number, cost in self.points:
            if cost is not None and (not found or cost < found[-1][1]):
                found.append((number, cost))
        return found

    @property
    def has_success(self) -> bool:
        """Whether any of the trials ran."""
        return any(cost is not None for _, cost in self.points)


def compact(trials: Sequence[Trial]) -> Curve | None:
    """The curve of a history in a segment; None where there is none."""
    if not trials:
        return None
    return Curve(False, tuple((number, trial.cost) for number, trial in enumerate(trials, 1)))


def whole(points: Sequence[CurvePoint], most: int) -> Curve:
    """The curve of one workload of a kept history.

    Args:
        points: its trials, in their order.
        most: how many points it may have, beside those at which the best changes: those at even distances.
    """
    costs = [(point.trial, point.cost) for point in points]
    better = {number for number, _ in Curve(True, tuple(costs)).best}
    step = max(1, -(-len(costs) // most))
    kept = ((number, cost) for number, cost in costs if number in better or number % step == 0 or number == len(costs))
    return Curve(True, tuple(kept))
