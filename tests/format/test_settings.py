from __future__ import annotations

import pytest

from tvmgitlib.format import read_settings, write_settings
from tvmgitlib.model import LibraryError, Settings, SettingsError


def test_what_is_written_is_read() -> None:
    settings = Settings(3, ">=0.25", ("gpu.driver", "os"), 30, {"x-team": {"b": 1, "a": "é"}})
    assert read_settings(write_settings(settings)) == settings


def test_what_came_later_is_written_where_it_is_not_the_default() -> None:
    assert b"policy.min-cost" not in write_settings(Settings())
    settings = Settings(policy_min_cost=1e-9)
    assert read_settings(write_settings(settings)) == settings


def test_one_key_a_line_so_that_git_merges_changes_of_different_keys() -> None:
    lines = write_settings(Settings(extra={"x-nested": {"a": [1, {"b": 2}]}})).decode().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "{",
        '  "format"',
        '  "keep"',
        '  "policy.tvm"',
        '  "policy.facts"',
        '  "policy.max-age"',
        '  "x-nested"',
        "}",
    ]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", SettingsError, "not valid JSON"),
        ("[]", SettingsError, "tvmgitlib.json"),
        ('{"format": 2}', LibraryError, "format 2, and this tvmgitlib reads format 1"),
        ('{"format": "1"}', LibraryError, "Install a newer tvmgitlib"),
        ('{"format": 1, "keep": 0}', SettingsError, "keep"),
        ('{"format": 1, "keep": 1, "keep": 2}', SettingsError, "given twice"),
        ('{"format": 1, "kep": 1}', SettingsError, "kep"),
        ('{"format": 1, "policy.min-cost": -1e-9}', SettingsError, "policy.min-cost"),
        ('{"format": 1, "policy.min-cost": "10ns"}', SettingsError, "policy.min-cost"),
    ],
)
def test_settings_that_are_not_right_are_refused_with_the_field(content: str, error, message: str) -> None:
    with pytest.raises(error, match=message):
        read_settings(content.encode())


@pytest.mark.parametrize("rule", ["same", "same-minor", "any", ">=0.25,<0.28", "==0.27.*", "~=0.27.0", "!=0.26"])
def test_rules(rule: str) -> None:
    settings = Settings(policy_tvm=rule)
    assert read_settings(write_settings(settings)) == settings


@pytest.mark.parametrize("rule", ["", "  ", ",", "newest", "0.27", ">=", "=0.27", "same minor", ">=0.25;"])
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(SettingsError, match=r"PEP 440|is empty") as caught:
        read_settings(write_settings(Settings(policy_tvm=rule)))
    assert (caught.value.file, caught.value.field) == ("tvmgitlib.json", "policy.tvm")
