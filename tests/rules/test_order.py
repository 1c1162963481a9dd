from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tvmgitlib.rules.order import moment, rank


def stored(build: Any, *records: Any, job: int = 1, **options: Any) -> Any:
    return build.segment(job, records, **options).tasks[0].records[0]


def test_what_decides_first(build: Any) -> None:
    fast, slow = build.record(0, 0.001), build.record(0, 0.002)
    more = (build.record(1, 0.5),)
    best_first = [
        stored(build, fast, *more, finished=9),  # faster
        stored(build, slow, *more, finished=9),  # more trials behind it
        stored(build, slow, finished=1),  # earlier
        stored(build, slow, finished=2),
        stored(build, slow, finished=None),
    ]
    worst_first = best_first[::-1]
    assert sorted(worst_first, key=rank) == best_first


def test_a_fraction_of_a_second_comes_later(build: Any) -> None:
    plain = stored(build, build.record())
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:01.001Z"]
    jobs = [replace(plain, finished=time) for time in times]
    latest_first = jobs[::-1]
    assert sorted(latest_first, key=moment) == jobs
    assert sorted(latest_first, key=rank) == jobs


@given(data=st.data())
def test_only_the_same_line_ties(build: Any, data: st.DataObject) -> None:
    choose = st.fixed_dictionaries(
        {
            "job": st.integers(1, 3),
            "config": st.integers(0, 2),
            "cost": st.sampled_from([[0.001], [0.002], [5e-324], [1e308, 0.1], [1e308, 1e308, 0.1]]),
            "finished": st.sampled_from([0, 1, None]),
            "trials": st.integers(0, 2),
        }
    )

    def draw() -> Any:
        c = data.draw(choose)
        extra = [build.record(10 + n, 0.5) for n in range(c["trials"])]
        first = build.record(c["config"], c["cost"])
        return stored(build, first, *extra, job=c["job"], finished=c["finished"])

    one, other = draw(), draw()
    assert math.isfinite(one.record.cost)
    assert (rank(one) == rank(other)) == (one.line == other.line)
    assert (rank(one) < rank(other)) + (rank(other) < rank(one)) == (one.line != other.line)


def test_the_same_record_in_two_jobs_has_an_order(build: Any) -> None:
    one, other = (stored(build, build.record(), job=job) for job in (1, 2))
    assert rank(one) < rank(other)
