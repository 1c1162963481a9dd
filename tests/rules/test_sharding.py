"""Tasks in parts, the same ones on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import SelectionError
from tvmgitlib.rules.sharding import Shard

#: What tasks cost, by their identities.
tasks = st.dictionaries(st.tuples(st.sampled_from(["ansor", "autotvm"]), st.text(max_size=3)), st.integers(0, 50))
parts = st.integers(1, 9)


def split(costs: dict[tuple[str, ...], int], count: int) -> list[frozenset[tuple[str, ...]]]:
    return [Shard(number, count).of(costs) for number in range(1, count + 1)]


@given(tasks, parts)
def test_every_task_is_in_exactly_one_part(costs: dict[tuple[str, ...], int], count: int) -> None:
    assert sorted(task for part in split(costs, count) for task in part) == sorted(costs)


@given(tasks, parts, st.data())
def test_the_parts_depend_on_no_order(costs: dict[tuple[str, ...], int], count: int, data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(costs.items()))))
    assert split(shuffled, count) == split(costs, count)


@given(tasks, parts)
def test_no_two_parts_differ_by_more_than_a_task_costs(costs: dict[tuple[str, ...], int], count: int) -> None:
    loads = [sum(costs[task] for task in part) for part in split(costs, count)]
    assert max(loads) - min(loads) <= max(costs.values(), default=0)


@given(st.integers(0, 40), parts, st.integers(0, 3))
def test_tasks_that_cost_the_same_are_shared_out_by_number(number: int, count: int, cost: int) -> None:
    sizes = [len(part) for part in split({("autotvm", str(at)): cost for at in range(number)}, count)]
    assert max(sizes) - min(sizes) <= 1


def test_what_is_heavy_is_a_part_of_its_own() -> None:
    costs = {("a",): 10.0, ("b",): 4.0, ("c",): 3.0, ("d",): 3.0}
    assert split(costs, 2) == [{("a",)}, {("b",), ("c",), ("d",)}]
    assert Shard.parse("999999999/999999999").of(costs) == frozenset()


@pytest.mark.parametrize("text", ["1/1", "3/8", "8/8"])
def test_a_shard_is_written_as_it_is_read(text: str) -> None:
    assert str(Shard.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["0/8", "9/8", "x", "", "3", "3/", "/8", "3/8/9", "-1/8", "1/0", "03/8", "٣/8", " 3/8"]
)
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(SelectionError, match="is no shard") as refused:
        Shard.parse(text)
    assert "3/8" in (refused.value.hint or "")
