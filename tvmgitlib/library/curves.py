"""How the best cost of a job's workloads came down, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.answers import Answers
from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import TuningRecord, duration


class CurvePoint(Struct, frozen=True):
    """A trial of a job, and how far the tuner had come by then.

    Attributes:
        family, target, workload: what was tuned; the target as canonical JSON text.
        workload_label: the workload for people.
        trial: its number among those of the workload, from 1.
        cost: mean run time in seconds; None for a failure.
        best: the best cost so far; None while there is none.
        error: the kind of failure; None for a success.
    """

    family: str
    target: str
    workload: str
    workload_label: str
    trial: int
    cost: float | None
    best: float | None
    error: str | None

    def __repr__(self) -> str:
        came = self.error if self.cost is None else duration(self.cost)
        return f"<CurvePoint trial {self.trial}: {came}, best {duration(self.best, 'none')}: {self.workload_label}>"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def tuning_curve(records: Sequence[TuningRecord]) -> Answers[CurvePoint]:
    """How the best cost of each workload came down, trial by trial, in the order of the log."""
    best: dict[tuple[str, str, str], tuple[int, float | None]] = {}
    points = Answers[CurvePoint]()
    for record in records:
        place = (record.family, record.target.target.key, record.workload.text)
        number, least = best.get(place, (0, None))
        cost = record.cost if record.error is None else None
        if cost is not None and (least is None or cost < least):
            least = cost
        best[place] = (number + 1, least)
        points.append(CurvePoint(*place, workload_label(record.workload), number + 1, cost, least, record.error))
    return points
