from __future__ import annotations

import pytest

from tvmgitlib.rules.plausibility import agrees, below_floor, too_far_ahead


def test_a_cost_at_the_floor_is_plausible_and_none_below_it() -> None:
    assert below_floor(1e-8, 1e-8) is None
    assert below_floor(0.99e-8, 1e-8) == (
        "9.9e-09 s is below what is plausible, policy.min-cost 1e-08 s; "
        "a second measurement that agrees lets it count (tvmgitlib revalidate)"
    )
    assert below_floor(5e-324, 0.0) is None


@pytest.mark.parametrize(
    ("cost", "runner_up", "configs", "is_doubted"),
    [
        (2**-20, 101 * 2**-20, 8, True),
        (2**-20, 100 * 2**-20, 8, False),  # a hundred times is not more than that
        (2**-20, 101 * 2**-20, 7, False),  # so few say nothing
        (1e-6, None, 1000, False),
        (0.0, 1e-4, 8, True),
    ],
)
def test_more_than_a_hundred_times_ahead_of_the_next_of_eight(
    cost: float, runner_up: float | None, configs: int, is_doubted: bool
) -> None:
    assert (too_far_ahead(cost, runner_up, configs) is not None) == is_doubted


def test_measurements_agree_within_a_factor_of_two() -> None:
    assert agrees(1e-9, [1e-3, 2e-9])
    assert agrees(2e-9, [1e-9])
    assert not agrees(1e-9, [2.1e-9, 1e-3])
    assert not agrees(1e-9, [])
