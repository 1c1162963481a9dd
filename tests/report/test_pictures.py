"""Curves and their axes: few points, the best of them all there, and round numbers."""

from __future__ import annotations

import pytest

from tvmgitlib.library.curves import CurvePoint
from tvmgitlib.model import Decisions, Trial
from tvmgitlib.report import charts
from tvmgitlib.report.curves import Curve, compact, whole


def points(costs: list[float | None]) -> list[CurvePoint]:
    return [CurvePoint("autotvm", "llvm", "w", "w", at, cost, None, None) for at, cost in enumerate(costs, 1)]


def test_a_long_history_keeps_every_improvement_and_few_others() -> None:
    costs: list[float | None] = [5e-3] * 5000
    for at, cost in ((7, 4e-3), (1234, 3e-3), (4321, 2e-3)):
        costs[at] = cost
    costs[0] = None
    curve = whole(points(costs), 100)
    assert curve.best == [(2, 5e-3), (8, 4e-3), (1235, 3e-3), (4322, 2e-3)]
    assert len(curve.points) <= 105
    assert curve.points[-1][0] == 5000


def test_a_compact_history_is_by_rank() -> None:
    decided = Decisions({})
    curve = compact([Trial(decided, 1e-3, None), Trial(decided, 2e-3, None), Trial(decided, None, "timeout")])
    assert curve == Curve(False, ((1, 1e-3), (2, 2e-3), (3, None)))
    assert compact([]) is None


def test_a_picture_draws_no_failure_and_the_best_to_the_end() -> None:
    spec = charts.curve([("job", Curve(True, ((1, None), (2, 2e-6), (3, 3e-6))))])
    tried, best = (layer["data"]["values"] for layer in spec["layer"])
    assert [(point["n"], point["time"]) for point in tried] == [(2, 2.0), (3, 3.0)]
    assert [(point["n"], point["time"]) for point in best] == [(2, 2.0), (3, 2.0)]
    assert spec["encoding"]["y"]["title"] == "run time (us)"


@pytest.mark.parametrize(("least", "unit"), [(5e-10, "ns"), (5e-9, "ns"), (1e-6, "us"), (2e-3, "ms"), (3.0, "s")])
def test_the_unit_fits_the_least(least: float, unit: str) -> None:
    assert charts.unit_of([None, least, 100.0])[0] == unit


def test_jobs_of_one_second_are_not_added_up() -> None:
    points = [{"date": "2026-11-28T01:21:57Z", "configs": configs} for configs in (1434, 1433)]
    assert charts.growth(points)["encoding"]["y"]["stack"] is None  # else Vega-Lite draws 2867


@pytest.mark.parametrize(("costs", "opacity"), [([2e-6], 0.9), ([2e-6, 3e-6], 0.45)])
def test_a_trial_that_stands_alone_is_seen(costs: list[float], opacity: float) -> None:
    spec = charts.curve([("job", Curve(True, tuple(enumerate(costs, 1))))])
    assert spec["layer"][0]["mark"]["opacity"] == opacity
