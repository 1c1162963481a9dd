"""What stands on an axis: a few round numbers that are in the picture, and which day it is."""

from __future__ import annotations

import pytest

from tvmgitlib.report import axes


@pytest.mark.parametrize(
    ("times", "ticks"),
    [
        ([59.2], [50, 55, 60, 65, 70]),
        ([7.0, 7.0], [6, 6.5, 7, 7.5, 8]),
        ([99.9, 100.1], [90, 95, 100, 105, 110]),
        ([1.2, 1.3], [1.2, 1.25, 1.3]),
        ([3.0, 4.0], [3, 3.2, 3.4, 3.6, 3.8, 4]),
        ([1.2, 9.0], [1, 2, 5, 10]),
        ([0.5, 800.0], [0.1, 1, 10, 100, 1000]),
        ([1e-3, 1e9], [1e-3, 1e-1, 10, 1e3, 1e5, 1e7, 1e9]),
    ],
)
def test_run_times_have_a_few_round_numbers_around_them(times: list[float], ticks: list[float]) -> None:
    told = axes.times(times)
    assert told["axis"]["values"] == ticks
    assert told["scale"]["domain"] == [ticks[0], ticks[-1]]


def test_an_axis_reaches_to_the_slowest_where_its_ticks_do_not() -> None:
    assert axes.times([1.0, 1e20])["scale"]["domain"] == [1.0, 1e20]


@pytest.mark.parametrize(("last", "ticks"), [(1, [1]), (2, [1, 2]), (9, [2, 4, 6, 8]), (64, [10, 20, 30, 40, 50, 60])])
def test_trials_are_counted_in_whole_numbers(last: int, ticks: list[int]) -> None:
    assert axes.numbers([1, last])["axis"]["values"] == ticks


@pytest.mark.parametrize(("most", "ticks"), [(0, [0]), (1, [0, 1]), (7, [0, 2, 4, 6]), (900, [0, 500])])
def test_so_is_what_there_is(most: int, ticks: list[int]) -> None:
    assert axes.counts([0, most])["axis"]["values"] == ticks


@pytest.mark.parametrize(
    ("last", "title", "unit", "step"),
    [
        ("2026-11-18T08:00:00Z", "2026-11-18", "seconds", 1),
        ("2026-11-18T08:00:03+00:00", "2026-11-18", "seconds", 1),
        ("2026-11-18T10:00:00Z", "2026-11-18", "minutes", 15),
        ("2026-11-19T01:00:00+02:00", "2026-11-18", "hours", 3),
        ("2026-11-21T09:00:00Z", "2026-11-18 to 2026-11-21", "hours", 12),
        ("2026-12-24T08:00:00Z", "2026-11-18 to 2026-12-24", "week", 1),
        ("2060-11-18T08:00:00Z", "2026-11-18 to 2060-11-18", "year", 5),
        ("2999-11-18T08:00:00Z", "2026-11-18 to 2999-11-18", "year", 10),
    ],
)
def test_an_axis_of_dates_says_its_days_and_has_few_of_them(last: str, title: str, unit: str, step: int) -> None:
    told = axes.dates([last, "2026-11-18T08:00:00Z"])
    assert told["title"] == title
    assert told["axis"]["tickCount"] == {"interval": unit, "step": step}
    assert told["scale"] == {"type": "utc"}


def test_among_hours_midnight_is_its_day() -> None:
    shown = axes.dates(["2026-11-18T08:00:00Z", "2026-11-19T08:00:00Z"])["axis"]["format"]
    assert (shown["hours"], shown["date"]) == ("%H:%M", "%b %-d")
