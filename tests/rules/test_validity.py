from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tvmgitlib.model import Settings, TvmVersion
from tvmgitlib.rules.validity import grade

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def tvm(text: str) -> TvmVersion:
    """`DIST==VERSION`, `VERSION` of an unknown distribution, or `?`."""
    if text == "?":
        return TvmVersion()
    return TvmVersion.parse(text, "log") if "==" in text else TvmVersion(None, text, "log")


def verdict(family: Any, tuned_with: str, current: str, rule: str = "same-minor", **options: Any) -> tuple[str, str]:
    found = grade(family, tvm(tuned_with), tvm(current), options.pop("settings", Settings(policy_tvm=rule)), **options)
    return found.grade, found.why


@pytest.mark.parametrize(
    ("rule", "tuned_with", "current", "expected"),
    [
        ("same", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.dev0", "exact"),
        ("same", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.0", "stale"),
        ("same", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.dev1", "stale"),
        ("same", "hhb-tvm==0.16.0+gabc", "hhb-tvm==0.16.0+gdef", "stale"),
        ("same-minor", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.dev1+gabc", "exact"),
        ("same", "0.16.dev0", "hhb-tvm==0.16.dev0", "exact"),
        ("same", "apache-tvm==0.16.dev0", "hhb-tvm==0.16.dev0", "stale"),
        ("same", "?", "hhb-tvm==0.16.dev0", "stale"),
        ("same-minor", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.3.post1", "exact"),
        ("same-minor", "0.16.0", "hhb-tvm==0.16.dev0", "exact"),
        ("same-minor", "hhb-tvm==0.16.0", "0.16.0", "exact"),
        ("same-minor", "apache-tvm==0.16.0", "hhb-tvm==0.16.0", "stale"),
        ("same-minor", "hhb-tvm==0.15.0", "hhb-tvm==0.16.0", "stale"),
        ("same-minor", "hhb-tvm==0.1.6", "hhb-tvm==0.16.0", "stale"),
        ("same-minor", "?", "hhb-tvm==0.16.0", "stale"),
        ("same-minor", "custom", "hhb-tvm==0.16.0", "stale"),
        ("same-minor", "custom", "custom", "stale"),
        ("same", "custom", "custom", "exact"),
        ("any", "apache-tvm==0.8", "hhb-tvm==0.16.0", "exact"),
        ("any", "?", "hhb-tvm==0.16.0", "exact"),
        (">=0.15,<0.17", "hhb-tvm==0.15.2", "hhb-tvm==0.16.0", "exact"),
        (">=0.15,<0.17", "hhb-tvm==0.16.1.post1", "hhb-tvm==0.16.0", "exact"),
        (">=0.15,<0.17", "hhb-tvm==0.17.0", "hhb-tvm==0.16.0", "stale"),
        (">=0.16", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.dev0", "stale"),  # PEP 440: a dev build comes before
        (">=0.16.dev0", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.dev0", "exact"),
        ("==0.16.*", "hhb-tvm==0.16.1+local", "hhb-tvm==0.16.0", "exact"),
        ("===0.16.dev0", "hhb-tvm==0.16.dev0", "hhb-tvm==0.16.0", "exact"),
        (">=0.15", "apache-tvm==0.16.0", "hhb-tvm==0.16.0", "stale"),
        (">=0.15", "custom", "hhb-tvm==0.16.0", "stale"),
        (">=0.15", "?", "hhb-tvm==0.16.0", "stale"),
        ("nonsense", "hhb-tvm==0.16.0", "hhb-tvm==0.16.0", "stale"),
    ],
)
@pytest.mark.parametrize("family", ["autotvm", "ansor"])
def test_versions(family: str, rule: str, tuned_with: str, current: str, expected: str) -> None:
    found, why = verdict(family, tuned_with, current, rule)
    assert found == expected
    if expected == "stale":
        assert why.endswith("--accept stale uses it all the same")
        assert ("nobody knows" in why) == (tuned_with == "?")


@pytest.mark.parametrize(
    ("family", "tuned_with", "current", "expected"),
    [
        ("metaschedule", "apache-tvm==0.27.0", "apache-tvm==0.27.0.post1", "exact"),
        ("metaschedule", "0.27.0", "apache-tvm==0.27.0.post1", "exact"),
        ("metaschedule", "apache-tvm==0.25.0", "apache-tvm==0.27.0", "incompatible"),
        ("metaschedule", "0.25.0", "apache-tvm==0.27.0", "incompatible"),
        ("metaschedule", "hhb-tvm==0.27.0", "apache-tvm==0.27.0", "incompatible"),
        ("metaschedule", "custom", "apache-tvm==0.27.0", "incompatible"),
        ("metaschedule", "?", "apache-tvm==0.27.0", "stale"),
        ("autotvm", "hhb-tvm==0.16.0", "apache-tvm==0.19.0", "stale"),
        ("autotvm", "hhb-tvm==0.16.0", "apache-tvm==0.20.0", "incompatible"),
        ("ansor", "?", "apache-tvm==0.27.0", "incompatible"),
        ("ansor", "?", "apache-tvm==1", "incompatible"),
        ("autotvm", "0.16.0", "custom", "stale"),
    ],
)
def test_what_a_tvm_cannot_read(family: str, tuned_with: str, current: str, expected: str) -> None:
    found, why = verdict(family, tuned_with, current)
    assert found == expected
    if expected == "incompatible":
        assert ("tune or revalidate it with" if family == "metaschedule" else "tune it with MetaSchedule") in why
        # No policy and no option can make it readable.
        assert verdict(family, tuned_with, current, "any")[0] == "incompatible"


@pytest.mark.parametrize(
    ("recorded", "current", "expected", "why"),
    [
        ({"gpu": {"driver": "550"}}, {"gpu": {"driver": "550"}}, "exact", ""),
        ({"gpu": {"driver": "550"}}, {"gpu": {"driver": "560"}}, "stale", 'gpu.driver was "550", here it is "560"'),
        ({"gpu": {"driver": "550"}}, {}, "stale", "nobody says what it is here (--set gpu.driver=VALUE"),
        ({"gpu": {"driver": "550.54"}}, {"gpu": {"driver": 550.54}}, "exact", ""),
        ({"gpu": {"driver": 550}}, {"gpu": {"driver": "560"}}, "stale", 'gpu.driver was 550, here it is "560"'),
        ({}, {"gpu": {"driver": "550"}}, "stale", "gpu.driver was not recorded"),
        ({"gpu": 1}, {}, "stale", "gpu.driver was not recorded"),
        ({}, {}, "stale", "gpu.driver was not recorded"),
        (None, {"gpu": {"driver": "550"}}, "exact", ""),
        ({"gpu": {"driver": "550"}}, None, "exact", ""),
    ],
)
def test_facts(recorded: Any, current: Any, expected: str, why: str) -> None:
    settings = Settings(policy_facts=("gpu.driver",))
    facts = {"recorded_facts": recorded, "current_facts": current}
    found = verdict("autotvm", "0.16.0", "0.16.0", settings=settings, **facts)
    assert found[0] == expected
    assert why in found[1]
    assert verdict("autotvm", "0.16.0", "0.16.0", **facts)[0] == "exact"  # no policy compares them


@pytest.mark.parametrize(
    ("age", "most", "expected"),
    [
        (timedelta(days=30), 30, "exact"),
        (timedelta(days=30, seconds=1), 30, "stale"),
        (timedelta(days=-1), 30, "exact"),
        (timedelta(hours=36), "36h", "exact"),
        (timedelta(hours=36, seconds=1), "36h", "stale"),
        (timedelta(minutes=91), "90m", "stale"),
        (timedelta(days=13), "2w", "exact"),
        (timedelta(days=9999), None, "exact"),
        (timedelta(days=9999), 1_000_000, "exact"),
        (None, 30, "stale"),
        (None, None, "exact"),
    ],
)
def test_age(age: timedelta | None, most: int | str | None, expected: str) -> None:
    finished = None if age is None else NOW - age
    options = {"settings": Settings(policy_max_age=most), "finished": finished}
    assert verdict("autotvm", "0.16.0", "0.16.0", now=NOW, **options)[0] == expected
    assert verdict("autotvm", "0.16.0", "0.16.0", **options)[0] == "exact"  # nobody said what day it is


@pytest.mark.parametrize(
    ("age", "most", "words"),
    [
        (timedelta(days=40, hours=3), 30, "tuned 40 days ago, the policy allows 30 days"),
        (timedelta(days=2), "36h", "tuned 48 hours ago, the policy allows 36 hours"),
        (timedelta(hours=25), 1, "tuned 1 day ago, the policy allows 1 day"),
        (timedelta(hours=2), "1h", "tuned 2 hours ago, the policy allows 1 hour"),
        (timedelta(hours=2), "90m", "tuned 120 minutes ago, the policy allows 90 minutes"),
        (None, "90m", "the policy allows 90 minutes"),
    ],
)
def test_an_age_is_said_in_the_units_of_the_policy(age: timedelta | None, most: int | str, words: str) -> None:
    finished = None if age is None else NOW - age
    options = {"settings": Settings(policy_max_age=most), "finished": finished}
    assert words in verdict("autotvm", "0.16.0", "0.16.0", now=NOW, **options)[1]


@pytest.mark.parametrize("hours", [-12, 0, 5.5, 14])
@pytest.mark.parametrize(("age", "expected"), [(30, "exact"), (30.001, "stale")])
def test_an_age_is_the_same_in_every_time_zone(hours: float, age: float, expected: str) -> None:
    zone = timezone(timedelta(hours=hours))
    options = {"settings": Settings(policy_max_age=30), "now": NOW.astimezone(zone)}
    for there in (timezone.utc, zone):
        finished = (NOW - timedelta(days=age)).astimezone(there)
        assert verdict("autotvm", "0.16.0", "0.16.0", finished=finished, **options)[0] == expected


def test_the_first_reason_is_the_gravest() -> None:
    settings = Settings(policy_facts=("os",), policy_max_age=1)
    options = {"settings": settings, "recorded_facts": {"os": "a"}, "current_facts": {"os": "b"}, "now": NOW}
    assert "0.15.0" in verdict("autotvm", "0.15.0", "0.16.0", **options)[1]
    assert "os was" in verdict("autotvm", "0.16.0", "0.16.0", **options)[1]


@pytest.mark.parametrize(
    ("source", "words"),
    [("runtime", "that TVM said"), ("option", "--tvm said"), ("log", "the log says")],
)
def test_an_exact_record_says_how_it_is_known(source: Any, words: str) -> None:
    found = grade("autotvm", TvmVersion("hhb-tvm", "0.16.0", source), tvm("hhb-tvm==0.16.0"), Settings())
    assert found.why == f"tuned with hhb-tvm 0.16.0, as {words}; policy same-minor"
