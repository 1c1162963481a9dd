from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import tvmgitlib.rules.effort as rules
from tvmgitlib.format.samples import decode_sample, encode_sample
from tvmgitlib.library.jobs.files.numbers_file import NumbersFile
from tvmgitlib.model import ERROR_KINDS, Effort
from tvmgitlib.rules.effort import AT_ONCE, SAMPLE, EffortCounter, is_known, is_whole, of_jobs, shared, union


def count(records: Any, exhausted: bool | None = None) -> Effort:
    counter = EffortCounter()
    counter.extend(list(records))
    return counter.finish(exhausted)[0]


class Named:
    """A trial of which only the name counts, and the mark, which may be the same: effort looks at nothing else."""

    def __init__(self, measurement: int) -> None:
        self.measurement = self.mark = measurement
        self.config = (measurement >> 24).to_bytes(5, "big") + bytes(27)


def names(configs: range, measured: int = 0, outcome: int = 0) -> list[Named]:
    """One trial of each config, spread over all names the way hashes are."""
    spread = [(config * 0x9E3779B97F4A7C15) % 2**40 for config in configs]
    return [Named(config << 24 | measured << 4 | outcome) for config in spread]


def test_every_measurement_counts_once(build: Any) -> None:
    records = [
        build.record(1),
        build.record(1),  # the same line twice
        build.record(1, at=1.0),  # measured again
        build.record(2),
        build.record(3, 1e9, error=4),
        build.record(4, 1e9, error=4),
        build.record(5, 1e9, error=9),
    ]
    counter = EffortCounter()
    counter.extend(records)
    effort, duplicates = counter.finish(exhausted=True)
    assert duplicates == 1
    assert (effort.trials, effort.configs, effort.failed) == (6, 5, 3)
    assert effort.errors == {"runtime_device": 2, "unknown": 1}
    assert effort.exhausted is True
    assert is_whole(effort)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(0, 8)), max_size=60))
def test_names_that_were_put_away_count_as_if_they_were_there(trials: list[tuple[int, int, int]]) -> None:
    added = [Named(config << 24 | measured << 4 | outcome) for config, measured, outcome in trials]
    answers = []
    for at_once in (7, AT_ONCE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rules, "AT_ONCE", at_once)
            counter = EffortCounter(NumbersFile().put)
            for each in added:
                counter.extend([each])  # type: ignore[list-item]
            answers.append(counter.finish())
    assert answers[0] == answers[1]
    assert answers[0][0].trials == len({each.measurement >> 4 for each in added})
    assert answers[0][1] == len(added) - answers[0][0].trials


def test_no_effort() -> None:
    assert EffortCounter().finish() == (Effort(0, 0), 0)
    assert union([]) == Effort(0, 0)
    assert union([Effort(0, 0), Effort(0, 0)]) == Effort(0, 0)


def test_the_sample_is_the_smallest_names() -> None:
    trials = names(range(1000))
    effort = count(trials)
    assert effort.sample == tuple(sorted(trial.measurement for trial in trials))[:SAMPLE]
    assert effort.trials == 1000
    assert not is_whole(effort)


def test_the_sample_is_the_smallest_names_of_one_config_measured_often() -> None:
    trials = [Named(7 << 24 | at * 0x9E3779B1 % 2**20 << 4) for at in range(1000)] + names(range(1000, 1100))
    effort = count(trials)
    assert effort.sample == tuple(sorted(trial.measurement for trial in trials))[:SAMPLE]
    assert (effort.trials, effort.configs) == (1100, 101)


trials = st.lists(
    st.builds(Named, st.integers(0, 2**64 - 1).map(lambda name: name & ~0xF | name % (len(ERROR_KINDS) + 1))),
    max_size=40,
)


@given(st.lists(trials, max_size=4), st.data())
def test_unions_of_whole_samples_are_exact_and_symmetric(parts: list[list[Named]], data: st.DataObject) -> None:
    efforts = [count(part) for part in parts]
    assert union(efforts) == count(itertools.chain(*parts))
    assert union(data.draw(st.permutations(efforts))) == union(efforts)
    assert union([*efforts, *efforts]) == union(efforts)


def test_disjoint_parts_add_up() -> None:
    parts = [
        count(names(range(start, start + 1000), outcome=outcome)) for start, outcome in ((0, 0), (1000, 1), (7000, 2))
    ]
    whole = union(parts)
    assert (whole.trials, whole.configs, whole.failed) == (3000, 3000, 2000)
    assert whole.errors == {"instantiation": 1000, "compile_host": 1000}
    assert len(whole.sample) == SAMPLE


@pytest.mark.parametrize("size", [0, 5, SAMPLE, 5000])
def test_equal_parts_count_once(size: int) -> None:
    effort = count(names(range(size)))
    assert union([effort, effort, effort]) == effort
    assert is_known(effort, effort)


@given(st.integers(1, 6000), st.integers(1, 6000), st.integers(0, 6000), st.booleans())
def test_overlaps_of_large_logs_are_estimated(one: int, other: int, shift: int, again: bool) -> None:
    """Within 40 percent of the larger part: what a sample of 64 gives in far more than 999 of 1,000 cases."""
    first, second = range(one), range(shift, shift + other)
    efforts = [count(names(first)), count(names(second, measured=int(again)))]
    true_configs = len({*first, *second})
    true_trials = one + other if again else true_configs
    found = union(efforts)
    assert union(efforts[::-1]) == found
    assert max(one, other) <= found.trials <= one + other
    assert max(one, other) <= found.configs <= one + other
    assert abs(found.trials - true_trials) <= 0.4 * max(one, other) + 1
    assert abs(found.configs - true_configs) <= 0.4 * max(one, other) + 1
    assert found.failed == 0


def test_a_part_of_a_large_log_adds_nothing_much() -> None:
    log, tail = count(names(range(5000), outcome=3)), count(names(range(4000, 5000), outcome=3))
    found = union([log, tail])
    assert 5000 <= found.trials <= 5900
    assert found.failed == found.trials


@pytest.mark.parametrize(
    ("answers", "exhausted"),
    [
        ([True, None], True),
        ([None, True], True),
        ([False, None], None),
        ([None, None], None),
        ([False, False], False),
        ([False, True], True),
        ([True], True),
    ],
)
@pytest.mark.parametrize("same", [True, False])
def test_one_tuner_at_the_end_of_the_space_is_enough(
    answers: list[bool | None], exhausted: bool | None, same: bool
) -> None:
    efforts = [count(names(range(0 if same else 5 * at, 5 * at + 5)), answer) for at, answer in enumerate(answers)]
    same_efforts = [count(names(range(5)), answer) for answer in answers]
    assert union(same_efforts if same else efforts).exhausted is exhausted


def test_a_sample_that_is_missing_is_no_overlap() -> None:
    """A count without names, which no log gives, can be added and nothing more."""
    assert union([Effort(700, 600), count(names(range(5)))]).trials == 705
    assert union([Effort(700, 600), Effort(800, 600)]).trials == 1500


def test_what_is_known() -> None:
    small, part, large = count(names(range(9))), count(names(range(4))), count(names(range(900)))
    assert is_known(part, small)
    assert not is_known(small, part)
    assert is_known(large, large)
    assert not is_known(part, large)  # it may be, but nobody can be sure


@pytest.mark.parametrize("size", [100, 512, 5000])
def test_a_larger_sample_of_an_older_version_is_the_same_effort(size: int) -> None:
    trials = names(range(size))
    now = count(trials)
    before = replace(now, sample=tuple(sorted(trial.measurement for trial in trials))[:512])
    for pair in ([now, before], [before, now]):
        assert union(pair) == before
        assert is_known(*pair)
        assert shared(*pair) == size
    more = names(range(size, size + 1000))
    assert union([before, count(more)]) == union([count(more), before])
    assert union([before, count(more)]).trials == size + 1000


def test_what_two_efforts_share() -> None:
    assert shared(count(names(range(40))), count(names(range(30, 60)))) == 10
    assert shared(count(names(range(900))), count(names(range(2000, 3000)))) == 0
    assert shared(count(names(range(2000))), count(names(range(1000, 3000)))) == pytest.approx(1000, rel=0.4)


@given(st.sets(st.integers(0, 2**64 - 1), max_size=20))
def test_samples_are_written_and_read(chosen: set[int]) -> None:
    sample = tuple(sorted(chosen))
    assert decode_sample(encode_sample(sample)) == sample


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("AAAA", "8-byte"),
        ("A", "(?i)base64|padding|length|characters"),
        ("é", "(?i)ascii"),
        ("AAAAAAAAAAA=!", "(?i)base64|excess|padding|alphabet"),
        (encode_sample((2, 1)), "ascending"),
        (encode_sample((1, 1)), "ascending"),
    ],
)
def test_a_malformed_sample(sample: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_sample(sample)


def test_a_failure_whose_kind_one_log_does_not_know_is_one_measurement() -> None:
    name = 0xABCDEF << 24
    known = Effort(2, 2, {"run_timeout": 1}, sample=(name - 16, name | 7))
    unknown = Effort(2, 2, {"unknown": 1}, sample=(name - 16, name | 8))
    for pair in ([known, unknown], [unknown, known]):
        assert union(pair) == Effort(2, 2, {"run_timeout": 1}, sample=(name - 16, name | 7))
    assert is_known(known, unknown)
    assert is_known(unknown, known)


# Several jobs that know nothing of each other

#: Configs that one job measured, each as often as it is there and with the outcome that follows from both.
measured = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=16)


def job(tried: Any, number: int = 0) -> Effort:
    """The effort of a job: its measurements are its own, and what a config comes to is the same in all."""
    return count([Named(config << 24 | number << 8 | time << 4 | config % 9) for config, time in set(tried)])


@given(st.lists(measured, max_size=4), st.data())
def test_what_several_jobs_measure_of_a_config_counts_as_often_as_the_one_that_did_most(
    tried: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    efforts = [job(each, number) for number, each in enumerate(tried)]
    together = of_jobs(efforts)
    by_config = [Counter(config for config, _ in set(each) if config % 9 in (0, 1, 2, 3, 5)) for each in tried]
    most = {config: max(counts[config] for counts in by_config) for counts in by_config for config in counts}
    assert together.lasting == sum(most.values())
    assert replace(together, repeated=0) == union(efforts)
    assert of_jobs(data.draw(st.permutations(efforts))) == together
    assert of_jobs([*efforts, *efforts]) == together


def test_two_jobs_of_the_same_configs_are_no_more_than_one() -> None:
    """24 trials for 12 configs: a third worker that asks for 24 has 12 to make."""
    first, second = (count(names(range(12), measured=number)) for number in (1, 2))
    together = of_jobs([first, second])
    assert (together.trials, together.configs, together.repeated, together.lasting) == (24, 12, 12, 12)
    assert not together.is_enough(24)
    assert of_jobs([count([*names(range(12), measured=1), *names(range(12), measured=2)])]).is_enough(24)


@pytest.mark.parametrize("size", [12, SAMPLE, 5000])
def test_jobs_that_share_all_configs_or_none_are_counted_exactly(size: int) -> None:
    one, again, other = (count(names(range(at, at + size), measured=at % 7)) for at in (0, 0, size))
    again = count(names(range(size), measured=9))
    assert of_jobs([one, again]).lasting == size
    assert of_jobs([one, other]).repeated == 0
    assert of_jobs([one, again, other]).lasting == pytest.approx(2 * size, rel=0.2)


def test_what_passes_is_repeated_by_nobody() -> None:
    timeouts, good = (count(names(range(40), measured=at, outcome=code)) for at, code in ((1, 7), (2, 0)))
    together = of_jobs([timeouts, good])
    assert (together.trials, together.repeated, together.lasting) == (80, 0, 40)


@given(st.integers(1, 6000), st.integers(1, 6000), st.integers(0, 6000))
def test_what_large_jobs_repeat_is_estimated(one: int, other: int, shift: int) -> None:
    """As closely as overlaps of logs are; see above."""
    first, second = range(one), range(shift, shift + other)
    efforts = [count(names(first, measured=1)), count(names(second, measured=2))]
    found = of_jobs(efforts)
    assert of_jobs(efforts[::-1]) == found
    assert max(one, other) <= found.lasting <= found.trials == one + other
    assert abs(found.lasting - len({*first, *second})) <= 0.4 * max(one, other) + 1


def test_without_samples_nothing_is_known_to_be_repeated() -> None:
    """A count without names, which no log gives."""
    assert of_jobs([Effort(700, 600), Effort(800, 600)]).lasting == 1500
    assert of_jobs([Effort(700, 600), count(names(range(5)))]).lasting == 705
    assert of_jobs([]) == Effort(0, 0)
