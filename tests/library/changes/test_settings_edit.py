from __future__ import annotations

from math import nan
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes import changed, value_of
from tvmgitlib.model import Settings, SettingsError


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("null", None), ("[]", []), ('["gpu.driver"]', ["gpu.driver"]), ("same", "same"), ("0.16.1", "0.16.1")],
)
def test_a_value_is_json_where_it_is_json_else_text(text: str, value: Any) -> None:
    assert value_of(text, "x-any") == value


def test_a_setting_that_is_always_text_has_no_numbers() -> None:
    assert value_of("0.27", "policy.tvm") == "0.27"
    assert (value_of("0.27", "policy.min-cost"), value_of("3", "keep"), value_of('"0.27"', "policy.tvm")) == (
        0.27,
        3,
        "0.27",
    )


def test_an_age_is_a_text_or_a_number_of_days_whatever_it_was(cli: Any, library: ConfigLibrary) -> None:
    for text, value in (("36h", "36h"), ("30", 30), ("26w", "26w")):
        assert cli("config", "policy.max-age", text).code == 0, cli.err
        assert library.settings.policy_max_age == value


def test_one_setting_changes_and_the_others_stay() -> None:
    settings = Settings(keep=3, policy_tvm="any", extra={"x-owner": "me"})
    assert changed(settings, "keep", 5) == Settings(keep=5, policy_tvm="any", extra={"x-owner": "me"})
    assert changed(settings, "x-note", [1]).extra == {"x-owner": "me", "x-note": [1]}
    assert changed(settings, "policy.max-age", None) == settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 1),
        ("kepe", 1),
        ("keep", 0),
        ("policy.tvm", "~~1"),
        ("policy.facts", ["a b"]),
        ("x-a", nan),
        ("x-a", {1}),
        ("x-a", "\udcff"),
    ],
)
def test_what_is_no_setting_or_none_of_its_values_is_refused(key: str, value: Any) -> None:
    with pytest.raises(SettingsError):
        changed(Settings(), key, value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400"])
def test_a_number_that_json_does_not_have_is_text(text: str) -> None:
    assert value_of(text, "x-any") == text
