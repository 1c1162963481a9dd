"""Pictures, as Vega-Lite draws them. The colours and the fonts are the page's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tvmgitlib.report import axes
from tvmgitlib.report.curves import Curve

#: Units of time with their lengths in seconds, from the smallest.
_UNITS: Final = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))

#: How trials look: behind a line, and where they are all there is.
_FAINT: Final = {"size": 28, "opacity": 0.45}
_CLEAR: Final = {"size": 40, "opacity": 0.9}

#: How many series one picture shows: more than that nobody tells apart.
MOST_SERIES: Final = 8


def unit_of(costs: Iterable[float | None]) -> tuple[str, float]:
    """The unit in which the least of some times is 1 or more, and its length in seconds."""
    least = min((cost for cost in costs if cost), default=1.0)
    return next(((name, length) for name, length in reversed(_UNITS) if least >= length), _UNITS[0])


def over_time(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How the best run time of a workload changed.

    Args:
        points: each change: `date`, `cost` in seconds (None where nothing is left), `tvm`, `job`, `by` and `href`.
    """
    unit, length = unit_of(point["cost"] for point in points)
    values = [point | {"time": point["cost"] / length if point["cost"] is not None else None} for point in points]
    x = {"field": "date", "type": "temporal", **axes.dates(point["date"] for point in points)}
    y = {"field": "time", "type": "quantitative", "title": f"best run time ({unit})", "scale": {"zero": False}}
    several = len({point["tvm"] for point in points}) > 1
    color = _colored("tvm") if several else {}
    tooltip = [
        {"field": "time", "type": "quantitative", "title": f"time ({unit})", "format": ".4~g"},
        {"field": "job", "title": "job"},
        {"field": "by", "title": "author"},
        {"field": "day", "title": "date"},
        {"field": "tvm", "title": "tuned with"},
    ]
    return {
        "data": {"values": values},
        "encoding": {"x": x, "y": y, **color},
        "layer": [
            {"mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2}},
            {
                "mark": {"type": "point", "filled": True, "size": 90, "cursor": "pointer", "opacity": 1},
                "encoding": {"tooltip": tooltip, "href": {"field": "href"}},
            },
        ],
    }


def growth(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many best configs there were by when: `date` and `configs`."""
    return {
        "height": 150,
        "data": {"values": list(points)},
        "mark": {"type": "area", "interpolate": "step-after", "line": {"strokeWidth": 2}, "opacity": 0.25},
        "encoding": {
            "x": {"field": "date", "type": "temporal", **axes.dates(point["date"] for point in points)},
            "y": {
                "field": "configs",
                "type": "quantitative",
                "title": "best configs",
                "stack": None,  # jobs of one second are points of one date, and no sum
                **axes.counts(point["configs"] for point in points),
            },
            "tooltip": [
                {"field": "date", "type": "temporal", "title": "by"},
                {"field": "configs", "type": "quantitative", "title": "best configs", "format": ","},
            ],
        },
    }


def curve(found: Sequence[tuple[str, Curve]]) -> dict[str, Any]:
    """What jobs tried for a workload.

    Args:
        found: curves, each with what it is called; all in the order of the trials, or none.
    """
    unit, length = unit_of(cost for _, each in found for _, cost in each.points)
    in_order = found[0][1].in_order
    tried = [(name, number, cost / length) for name, each in found for number, cost in each.points if cost is not None]
    x = {
        "field": "n",
        "type": "quantitative",
        "title": "trial" if in_order else "rank, fastest first",
        **axes.numbers(number for _, each in found for number, _ in each.points),
    }
    y = {
        "field": "time",
        "type": "quantitative",
        "title": f"run time ({unit})",
        **axes.times(time for _, _, time in tried),
    }
    tooltip = [
        {"field": "job", "title": "job"},
        {"field": "n", "type": "quantitative", "title": "trial" if in_order else "rank"},
        {"field": "time", "type": "quantitative", "title": f"time ({unit})", "format": ".4~g"},
    ]
    mark = {"type": "point", "filled": True} | (_FAINT if in_order and len(tried) > 1 else _CLEAR)
    layers: list[dict[str, Any]] = [{"data": _values(tried), "mark": mark, "encoding": {"tooltip": tooltip}}]
    if in_order:
        best = [(name, number, cost / length) for name, each in found for number, cost in _to_the_end(each)]
        line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
        layers.append({"data": _values(best), "mark": line})
    return {"encoding": {"x": x, "y": y, **(_colored("job") if len(found) > 1 else {})}, "layer": layers}


def _values(points: Iterable[tuple[str, int, float]]) -> dict[str, Any]:
    return {"values": [{"job": name, "n": number, "time": _digits(time)} for name, number, time in points]}


def _colored(name: str) -> dict[str, Any]:
    return {"color": {"field": name, "type": "nominal", "title": None, "legend": {"orient": "top"}}}


def _to_the_end(tried: Curve) -> list[tuple[int, float]]:
    """The best times, the last of them until the last trial."""
    best = tried.best
    return [*best, (tried.points[-1][0], best[-1][1])] if best else []


def _digits(value: float) -> float:
    """As many digits as a picture shows."""
    return float(f"{value:.4g}")
