"""Suggestions, on workloads whose run times follow from a rule: a tile of 8 is best, and unrolling pays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from random import Random

import pytest
from msgspec.structs import replace

from tvmgitlib.model import Call, Config, Knob, KnobTrial
from tvmgitlib.rules.suggesting import MOST, Allowance, PastTask, ProductSpace, Suggester, Suggestion, library_weight
from tvmgitlib.rules.suggesting.features import Features, sizes
from tvmgitlib.rules.suggesting.past import distance
from tvmgitlib.rules.suggesting.snapping import apart, divisors, snapped_factors

LENGTHS = (16, 24, 40, 64, 96)


def call(length: int, dtype: str = "float32") -> Call:
    return Call("scale", [["TENSOR", [length], dtype]])


def config(tile: int, unroll: int = 1) -> Config:
    return {"tile": Knob("split", (0, tile)), "unroll": Knob("choice", (unroll,))}


def cost(tile: int, unroll: int) -> float:
    return 1e-6 * (1 + abs(tile - 8) / 8 + (0 if unroll else 0.5))


def past(length: int) -> PastTask:
    configs = product(divisors(length), (0, 1))
    trials = [KnobTrial(config(*each), cost(*each)) for each in configs]
    return PastTask(call(length), trials, (f"job of {length}",))


def space(length: int) -> ProductSpace:
    tiles = [Knob("split", (0, tile)) for tile in divisors(length)]
    return ProductSpace({"tile": tiles, "unroll": [Knob("choice", (each,)) for each in (0, 1)]}, {"tile": length})


def suggester(length: int, tasks: Sequence[PastTask], **told: object) -> Suggester:
    return Suggester(call(length), space(length), tasks, **told)  # type: ignore[arg-type]


def configs(suggestions: Sequence[Suggestion]) -> list[Config]:
    return [each.config for each in suggestions]


@pytest.fixture
def without_xgboost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tvmgitlib.rules.suggesting.suggestions.model_at_hand", lambda: False)


# Snapping


@pytest.mark.parametrize(
    ("wanted", "axis", "snapped"),
    [
        ((4, 16), 64, (4, 16)),
        ((4, 16), 30, (2, 15)),
        ((2, 4, 8), 21, (1, 3, 7)),
        ((1, 28), 14, (1, 14)),
        ((1, 4), 1, (1, 1)),
        ((0, 16), 48, (3, 16)),
    ],
)
def test_factors_are_snapped_to_divisors_of_the_new_axis(
    wanted: tuple[int, ...], axis: int, snapped: tuple[int, ...]
) -> None:
    assert snapped_factors(wanted, axis) == snapped
    assert math.prod(snapped) == axis


def test_of_two_configs_the_one_with_nearer_factors_is_nearer() -> None:
    assert apart(config(8), config(8)) == 0
    assert apart(config(8), config(16)) < apart(config(8), config(32))
    assert apart(config(8), config(8, 0)) > 0
    assert apart(config(8), {"tile": Knob("split", (0, 8))}) > 0


def test_a_config_that_a_template_does_not_allow_gives_way_to_one_near_it() -> None:
    tiles = [Knob("split", (0, tile)) for tile in divisors(64)]
    odd = ProductSpace({"tile": tiles}, {"tile": 64}, lambda each: each["tile"].value[1] != 8)
    found = odd.nearest(config(8))
    assert found is not None and found["tile"].value[1] in (4, 16)
    assert ProductSpace({"tile": tiles}, {"tile": 64}, lambda _: False).nearest(config(8)) is None


def test_a_config_of_other_knobs_means_nothing() -> None:
    assert space(32).nearest({"other": Knob("split", (0, 8))}) is None


def test_a_large_space_is_drawn_from_and_looked_around_in() -> None:
    knobs = {name: [Knob("choice", (each,)) for each in range(20)] for name in "abcd"}
    large = ProductSpace(knobs, {})
    drawn = large.drawn(Random(1))
    assert 0 < len(drawn) < len(large)
    assert drawn == large.drawn(Random(1))
    near = large.neighbours(drawn[0], 8, Random(1))
    assert near and all(sum(other[name] != drawn[0][name] for name in knobs) <= 1 for other in near)


# What is near


def test_a_workload_of_like_sizes_is_nearer_and_other_types_are_far() -> None:
    assert distance(call(32), call(32)) == 0
    assert distance(call(32), call(40)) < distance(call(32), call(64))
    assert distance(call(32), call(64)) < distance(call(32), call(32, "int8"))
    assert distance(call(32), Call("scale", [1, 2])) == math.inf


def test_the_librarys_weight_is_halved_every_16_own_trials_after_the_24th() -> None:
    assert [library_weight(own) for own in (0, 24, 40, 56)] == [1, 1, 0.5, 0.25]


# Suggestions without a model


@pytest.mark.parametrize("seed", range(20))
def test_a_tuner_finds_nothing_more_than_16_trials_later_for_suggestions(seed: int) -> None:
    random = Random(seed)
    choices = random.sample(range(80), 80)
    allowance, tried, chosen = Allowance(), [], iter(choices)
    for _ in range(200):
        wanted = allowance.next()
        new = random.sample([each for each in range(80) if each not in tried], min(wanted, 80 - len(tried)))
        if new:
            allowance.suggest(new)
            tried += new
        else:
            choice = next(chosen, None)
            allowance.choose([choice])
            if choice is not None and choice not in tried:
                tried.append(choice)
    late = [tried.index(choice) - place for place, choice in enumerate(choices)]
    assert max(late) <= MOST and sorted(tried) == sorted(choices)


def test_suggestions_come_in_two_rounds_and_again_where_the_tuner_has_chosen_some_itself() -> None:
    allowance = Allowance()
    for first in (0, 8):
        assert allowance.next() == 8
        allowance.suggest(range(first, first + 8))
    assert allowance.next() == 0
    allowance.choose(range(100, 123))
    allowance.choose([3])
    assert allowance.next() == 1  # the 24th choice was a suggestion
    allowance.suggest([16])
    allowance.choose([4, 5, 6, 200, 201, 202])
    assert allowance.next() == 0  # too soon after the last
    allowance.choose([203])
    assert allowance.next() == 2


def test_an_interrupted_start_goes_on_with_what_is_left_of_it() -> None:
    assert [Allowance(spent).next() for spent in (0, 12, 16, 300)] == [8, 4, 0, 0]


def test_with_few_other_workloads_the_nearest_ones_best_are_snapped() -> None:
    found = suggester(32, [past(length) for length in LENGTHS[:3]]).suggest(3)
    assert found[0].config == config(8)
    assert (found[0].how, found[0].share) == ("snapped", 1.0)
    assert found[0].sources[0].jobs == ("job of 40",)
    assert found[0].distance == pytest.approx(math.log2(41) - math.log2(33))


@pytest.mark.usefixtures("without_xgboost")
def test_without_xgboost_configs_are_only_snapped() -> None:
    known = suggester(32, [past(length) for length in LENGTHS])
    assert not known.ranks
    assert {each.how for each in known.suggest(8)} == {"snapped"}


def test_the_same_workloads_own_trials_come_first_from_other_platforms_too() -> None:
    best = suggester(24, [past(16), past(24)]).suggest(1)[0]
    assert (best.how, best.distance, best.config) == ("repeated", 0.0, config(8))
    elsewhere = suggester(24, [past(16)], same_elsewhere=[replace(past(24), platform="another")]).suggest(1)[0]
    assert (elsewhere.how, elsewhere.sources[0].platform) == ("repeated", "another")


def test_nothing_is_suggested_where_nothing_succeeded() -> None:
    assert suggester(32, []).suggest(8) == []
    failed = PastTask(call(16), [KnobTrial(config(8), None)])
    assert suggester(32, [failed]).suggest(8) == []


def test_what_was_tried_is_not_suggested_again() -> None:
    known = suggester(32, [past(16), past(24)])
    first = known.suggest(2)
    tried: list[tuple[Config, float | None]] = [(first[0].config, 1e-6), (first[1].config, None)]
    assert not [each for each in known.suggest(8, tried) if each.config in configs(first)]


@pytest.mark.parametrize(
    "odd",
    [
        KnobTrial(config(3), 1e-300),
        KnobTrial(config(3), 5e-324),
        KnobTrial(config(3), math.nan),
        KnobTrial(config(3), -1.0),
        KnobTrial(config(3), 0.0),
        KnobTrial({}, 1e-6),
        KnobTrial({"tile": Knob("choice", ("a",))}, 1e-6),
        KnobTrial({"tile": Knob("split", (0, 2**62, 2**62, 2**62)), "x": Knob("choice", (1e308, None))}, 1e-6),
        KnobTrial({f"knob {number}": Knob("choice", (number,)) for number in range(1000)}, 1e-6),
    ],
)
def test_an_absurd_history_costs_no_more_than_a_suggestion(odd: KnobTrial) -> None:
    tasks = [past(length) for length in LENGTHS]
    spoilt = [replace(tasks[1], trials=[odd, *tasks[1].trials]), *tasks]
    found = suggester(32, spoilt).suggest(8)
    assert config(8) in configs(found)
    assert all(0 <= each.share <= 1 for each in found)


def test_huge_and_odd_arguments_make_rows_of_one_length() -> None:
    features = Features.of([config(8)])
    rows = [
        features.row(sizes(arguments), config(8), {})
        for arguments in (None, [10**400], list(range(1000)), {"b": [1, "x"], "a": True}, float("inf"))
    ]
    assert len({len(row) for row in rows}) == 1
