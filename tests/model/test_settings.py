from __future__ import annotations

import pytest

from tvmgitlib.model import Settings


def test_every_key_has_a_default() -> None:
    assert Settings.from_json({"format": 1}) == Settings()


def test_facts_are_a_set() -> None:
    assert Settings.from_json({"policy.facts": ["b", "a", "b"]}).policy_facts == ("a", "b")


def test_an_integer_may_be_spelt_as_json_allows() -> None:
    settings = Settings.from_json({"keep": 2.0})
    assert settings.keep.__class__ is int
    assert settings.fold_digest == Settings(keep=2).fold_digest


@pytest.mark.parametrize(
    ("other", "folds_the_same"),
    [
        (Settings(policy_tvm="any"), True),
        (Settings(policy_max_age=1), True),
        (Settings(extra={"x-a": 1}), True),
        (Settings(keep=2), False),
        (Settings(policy_facts=("os",)), False),
    ],
)
def test_what_a_fold_depends_on(other: Settings, folds_the_same: bool) -> None:
    assert (other.fold_digest == Settings().fold_digest) == folds_the_same
