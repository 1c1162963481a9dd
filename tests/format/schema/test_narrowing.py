"""What is wrong with a large document is said by its place in the whole, from a small part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tvmgitlib import families
from tvmgitlib.format import schema
from tvmgitlib.format.schema.narrowing import narrowed
from tvmgitlib.model import RecordError, read_json

MANY = 200_000


@pytest.fixture
def record(logs) -> dict[str, Any]:
    """A record with as many knobs as fit into a line."""
    with (logs / "autotvm" / "t0_tvmgitlib_matmul_xgb.log").open("rb") as file:
        document: dict[str, Any] = read_json(file.readline())
    document["config"]["entity"] = [["x", "ot", number] for number in range(MANY)]
    return document


def knob(document: dict[str, Any]) -> None:
    document["config"]["entity"][123_456] = 7


def result(document: dict[str, Any]) -> None:
    document["result"][1] = "x"


def lacking(document: dict[str, Any]) -> None:
    del document["result"]


def long_list(document: dict[str, Any]) -> None:
    document["input"] = document["config"]["entity"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (knob, r"field config\.entity\[123456\]: the knob has to be a list, it is 7"),
        (result, r"field result\[1\]: .* it is \"x\""),
        (lacking, r"it lacks \"result\""),
        (long_list, r"field input: .* it is one of 200,000"),
    ],
)
def test_the_fault_is_named(record: dict[str, Any], spoil: Callable[[Any], None], said: str) -> None:
    spoil(record)
    with pytest.raises(RecordError, match=said) as caught:
        schema.check_record(record, families.family("autotvm"))
    assert len(str(caught.value)) < 400


def test_what_is_left_is_small_and_refused_as_well(record: dict[str, Any]) -> None:
    knob(record)
    asked = 0

    def is_valid(document: Any) -> bool:
        nonlocal asked
        asked += 1
        return 7 not in document["config"]["entity"]

    part, taken = narrowed(record, is_valid)
    entity = part["config"]["entity"]
    at = entity.index(7)
    assert len(entity) <= 16
    assert taken["config", "entity"] + at == 123_456
    assert asked < 100
    assert len(record["config"]["entity"]) == MANY  # it stays as it is


def test_what_is_only_wrong_as_a_whole_is_left_whole() -> None:
    document = ["x" * 100] * 1000
    part, taken = narrowed(document, lambda document: len(document) != 1000)
    assert (len(part), taken) == (1000, {})
