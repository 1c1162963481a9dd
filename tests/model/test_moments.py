from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tvmgitlib.model import moment_of, read_utc, utc_text


def test_times_are_in_utc_to_the_millisecond() -> None:
    assert utc_text(1795347055.182209) == "2026-11-22T11:30:55.182Z"


@pytest.mark.parametrize(("text", "microsecond"), [("2026-11-22T11:30:55Z", 0), ("2026-11-22T11:30:55.182Z", 182_000)])
def test_a_text_is_read_with_and_without_a_fraction(text: str, microsecond: int) -> None:
    assert read_utc(text) == datetime(2026, 11, 22, 11, 30, 55, microsecond, timezone.utc)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_utc(text)


@pytest.mark.parametrize("text", ["2026-11-22T11:30:55Z", "2026-11-22T13:30:55+02:00", "2026-11-22T11:30:55"])
def test_a_moment_is_that_of_utc_whatever_its_offset(text: str) -> None:
    assert moment_of(text) == datetime(2026, 11, 22, 11, 30, 55, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["", "%aI", "10000-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00"])
def test_what_git_may_say_of_a_forged_commit_is_no_moment(text: str) -> None:
    assert moment_of(text) is None
