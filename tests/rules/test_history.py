from __future__ import annotations

import hashlib
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import ErrorKind, TuningRecord, Workload, parse_target
from tvmgitlib.rules.history import SAMPLE, TRIALS, TrialSample, at_even_ranks

WORKLOAD = Workload("autotvm", '["dense",[]]')


def record(config: int, cost: float = 1.0, error: ErrorKind | None = None) -> TuningRecord:
    digest = hashlib.sha256(b"%d" % config).digest()
    native = f"{config} {cost} {error}".encode()
    return TuningRecord("autotvm", parse_target("cuda"), WORKLOAD, digest, (cost,), error, 0.0, None, native)


def best(records: list[TuningRecord]) -> list[TuningRecord]:
    """The best record of each config that has a success, best first: what the intake of a task holds."""
    found: dict[bytes, TuningRecord] = {}
    for each in sorted(records, key=lambda each: (each.cost, each.hash)):
        if each.error is None:
            found.setdefault(each.config, each)
    return [*found.values()][:8]


def chosen(records: list[TuningRecord]) -> list[TuningRecord]:
    sample = TrialSample()
    for at in range(0, len(records), 7):
        sample.extend(records[at : at + 7])
    return sample.chosen(best(records))


records_of = st.lists(
    st.builds(record, st.integers(0, 300), st.sampled_from([1.0, 1.5, 2.0]), st.sampled_from([None, None, "unknown"])),
    max_size=400,
)


@given(records_of, st.randoms(use_true_random=False))
def test_no_order_of_the_lines_shows(records: list[TuningRecord], chance: random.Random) -> None:
    found = chosen(records)
    chance.shuffle(records)
    assert chosen(records) == found


@given(records_of)
def test_it_has_the_best_and_one_trial_of_a_config_fastest_first(records: list[TuningRecord]) -> None:
    found = chosen(records)
    configs = {each.config for each in records}
    assert len(found) == min(len(configs), TRIALS)
    assert len({each.config for each in found}) == len(found)
    assert {each.config for each in best(records)} <= {each.config for each in found}
    assert [each.cost for each in found] == sorted(each.cost for each in found)


@pytest.mark.parametrize("size", [9, 64, 65, SAMPLE])
def test_the_others_stand_at_even_ranks_from_the_first_to_the_last(size: int) -> None:
    records = [record(config, cost=1.0 + config) for config in range(size)]
    ranks = [round(each.cost - 1) for each in chosen(records)]
    assert ranks[:8] == [*range(8)]
    assert len(ranks) == min(size, TRIALS)
    assert ranks[-1] == size - 1
    steps = {after - before for before, after in pairwise(ranks[8:])}
    assert max(steps, default=1) - min(steps, default=1) <= 1


def test_failures_have_the_share_that_they_have_of_the_trials() -> None:
    records = [record(config, 1.0 + config, None if config % 4 else "build_timeout") for config in range(4000)]
    found = chosen(records)
    failures = [each for each in found if each.error is not None]
    assert found[-len(failures) :] == failures
    assert 5 <= len(failures) <= 24  # of 56, a quarter


def test_a_long_log_is_sampled_evenly() -> None:
    """The ranks of a sample: none of the ten tenths of a log has fewer than one trial, nor more than 15."""
    found = [round(each.cost - 1) for each in chosen([record(config, 1.0 + config) for config in range(10_000)])]
    tenths = [sum(rank // 1000 == tenth for rank in found[8:]) for tenth in range(10)]
    assert min(tenths) >= 1
    assert max(tenths) <= 15


def test_even_ranks_of_few_are_all() -> None:
    records = [record(config) for config in range(3)]
    assert at_even_ranks(records, 3) == records
    assert at_even_ranks([], 56) == []
