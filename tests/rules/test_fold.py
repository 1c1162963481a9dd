from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import Segment, Settings
from tvmgitlib.rules.fold import Configs, Standing, fold, fold_onto, standing
from tvmgitlib.rules.order import rank


def folded(segments: list[Segment], settings: Settings | None = None) -> Configs:
    return fold(segments, standing_of(segments), settings or Settings())


def standing_of(segments: list[Segment]) -> Standing:
    return standing((segment.header, segment.invalidations) for segment in segments)


def winners(segments: list[Segment], **settings: Any) -> list[tuple[int, float]]:
    """Job and cost in milliseconds of all that is kept, in order."""
    files = folded(segments, Settings(**settings))
    return [(int(stored.job, 16), stored.record.cost * 1000) for path in sorted(files) for stored in files[path]]


def test_the_best_of_all_jobs_wins(build: Any) -> None:
    jobs = [build.segment(job, [build.record(job, cost)]) for job, cost in ((1, 0.003), (2, 0.001), (3, 0.002))]
    assert winners(jobs) == [(2, 1.0)]
    assert winners(jobs, keep=2) == [(2, 1.0), (3, 2.0)]
    assert winners(jobs, keep=9) == [(2, 1.0), (3, 2.0), (1, 3.0)]


def test_nothing_comes_of_nothing(build: Any) -> None:
    assert folded([]) == {}
    assert folded([build.segment(1, [build.record(error=4, cost=1e9)])]) == {}


def test_a_config_is_kept_once(build: Any) -> None:
    jobs = [build.segment(1, [build.record(7, 0.002)]), build.segment(2, [build.record(7, 0.001)])]
    assert winners(jobs, keep=5) == [(2, 1.0)]


def test_records_compete_within_workload_target_and_platform(build: Any) -> None:
    jobs = [
        build.segment(1, [build.record(0, 0.001, workload=1), build.record(0, 0.002, workload=2)]),
        build.segment(2, [build.record(0, 0.003, workload=1)], platform="other"),
        build.segment(3, [build.record(0, 0.004, workload=1, target="cuda")]),
    ]
    assert sorted(winners(jobs)) == [(1, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)]
    assert len(folded(jobs)) == 3


def test_lines_are_sorted_by_workload_then_rank(build: Any) -> None:
    records = [build.record(n, 0.01 - n / 1000, workload=w) for n in range(4) for w in (2, 1)]
    (kept,) = folded([build.segment(1, records)], Settings(keep=3)).values()
    assert [stored.record.workload.text for stored in kept] == ['["matmul",[1]]'] * 3 + ['["matmul",[2]]'] * 3
    assert [stored.record.cost for stored in kept] == pytest.approx([0.007, 0.008, 0.009] * 2)


@pytest.mark.parametrize(
    ("version", "distribution", "competes"),
    [
        ("0.16.0", "hhb-tvm", True),
        ("0.16.dev9", "hhb-tvm", True),
        ("0.17.0", "hhb-tvm", False),
        ("0.16.0", "apache-tvm", False),
        ("0.16.0", None, False),
        (None, None, False),
    ],
)
def test_a_fast_record_of_another_tvm_evicts_nothing(
    build: Any, version: str | None, distribution: str | None, competes: bool
) -> None:
    slow = build.segment(1, [build.record(1, 0.002)], tvm=build.tvm("0.16.1", "hhb-tvm"))
    fast = build.segment(2, [build.record(2, 0.001)], tvm=build.tvm(version, distribution))
    assert len(winners([slow, fast])) == (1 if competes else 2)


def test_facts_that_must_match_separate_groups(build: Any) -> None:
    jobs = [
        build.segment(1, [build.record(1, 0.002)], facts={"gpu": {"driver": "550"}}),
        build.segment(2, [build.record(2, 0.001)], facts={"gpu": {"driver": "560"}}),
        build.segment(3, [build.record(3, 0.003)]),
    ]
    assert winners(jobs) == [(2, 1.0)]
    assert sorted(winners(jobs, policy_facts=("gpu.driver",))) == [(1, 2.0), (2, 1.0), (3, 3.0)]
    assert winners(jobs, policy_facts=("gpu.name",)) == [(2, 1.0)]


class TestRevert:
    def test_what_was_superseded_returns(self, build: Any) -> None:
        jobs = [build.segment(1, [build.record(1, 0.002)]), build.segment(2, [build.record(2, 0.001)])]
        revert = build.segment(3, kind="revert", reverts=[2])
        assert winners([*jobs, revert]) == [(1, 2.0)]
        assert winners([*jobs, revert, build.segment(4, kind="revert", reverts=[3])]) == [(2, 1.0)]

    def test_a_long_chain(self, build: Any) -> None:
        chain = [build.segment(n, kind="revert", reverts=[n - 1]) for n in range(1, 3001)]
        first = build.segment(0, [build.record()])
        assert len(winners([first, *chain])) == 1
        assert len(winners([first, *chain[:-1]])) == 0

    def test_many_reverts_of_one_job(self, build: Any) -> None:
        jobs = [
            build.segment(0, [build.record()]),
            *(build.segment(n, kind="revert", reverts=[0]) for n in range(1, 9)),
        ]
        assert winners(jobs) == []
        undo = build.segment(99, kind="revert", reverts=range(1, 9))
        assert len(winners([*jobs, undo])) == 1

    def test_a_job_that_is_not_here(self, build: Any) -> None:
        assert len(winners([build.segment(1, [build.record()]), build.segment(2, kind="revert", reverts=[77])])) == 1

    def test_which_revert_is_told(self, build: Any) -> None:
        jobs = [build.segment(1), *(build.segment(n, kind="revert", reverts=[1]) for n in (5, 3))]
        dead = build.segment(9, kind="revert", reverts=[3])
        assert standing_of([*jobs, dead]).reverted == {build.job(1): build.job(5), build.job(3): build.job(9)}

    @given(data=st.data())
    def test_a_job_counts_unless_a_live_revert_names_it(self, build: Any, data: st.DataObject) -> None:
        names = st.lists(st.integers(0, 9), max_size=3, unique=True)
        named = {job: data.draw(names) for job in range(10)}  # circles too
        segments = [
            build.segment(job, kind="revert" if reverts else "tune", reverts=reverts) for job, reverts in named.items()
        ]
        expected = standing_of(segments)
        assert standing_of(data.draw(st.permutations(segments))) == expected
        counting = {job for job in range(10) if expected.counts(build.job(job))}
        acyclic = {job: [name for name in reverts if name < job] for job, reverts in named.items()}
        if acyclic == named:
            live: dict[int, bool] = {}
            for job in reversed(range(10)):
                live[job] = not any(live[by] for by in range(job + 1, 10) if job in named[by])
            assert counting == {job for job, yes in live.items() if yes}
        for job, by in expected.reverted.items():
            assert int(job, 16) in named[int(by, 16)]

    @pytest.mark.parametrize("circle", [[1], [2, 1], [2, 3, 1]])
    def test_a_circle_of_reverts_is_cut_the_same_everywhere(self, build: Any, circle: list[int]) -> None:
        segments = [build.segment(job, kind="revert", reverts=[by]) for job, by in enumerate(circle, start=1)]
        assert standing_of(segments) == standing_of(segments[::-1])


class TestInvalidate:
    def test_some_records(self, build: Any) -> None:
        job = build.segment(1, [build.record(1, 0.001), build.record(2, 0.002)])
        best = job.tasks[0].records[0].record.hash[:16]
        assert winners([job, build.segment(2, kind="invalidate", invalidates=[(1, (best,))])]) == [(1, 2.0)]
        other = build.segment(2, kind="invalidate", invalidates=[(3, (best,))])
        assert winners([job, other]) == [(1, 1.0)]

    def test_all_records(self, build: Any) -> None:
        jobs = [build.segment(1, [build.record(1, 0.001)]), build.segment(2, [build.record(2, 0.002)])]
        invalidate = build.segment(3, kind="invalidate", invalidates=[(1, None), (1, ("0" * 16,))])
        assert winners([*jobs, invalidate]) == [(2, 2.0)]
        assert winners([*jobs, invalidate, build.segment(4, kind="revert", reverts=[3])]) == [(1, 1.0)]


class TestRevalidate:
    def test_a_slower_measurement_replaces_the_earlier_one(self, build: Any) -> None:
        jobs = [
            build.segment(1, [build.record(1, 0.001)], finished=1),
            build.segment(2, [build.record(1, 0.004)], finished=2, kind="revalidate"),
        ]
        assert winners(jobs, keep=5) == [(2, 4.0)]
        assert winners([*jobs, build.segment(3, [build.record(2, 0.002)])]) == [(3, 2.0)]

    def test_a_later_job_competes_with_it(self, build: Any) -> None:
        jobs = [
            build.segment(1, [build.record(1, 0.004)], finished=1, kind="revalidate"),
            build.segment(2, [build.record(1, 0.001)], finished=2),
        ]
        assert winners(jobs) == [(2, 1.0)]

    def test_the_latest_counts(self, build: Any) -> None:
        jobs = [
            build.segment(3, [build.record(1, 0.001)], finished=1),
            build.segment(2, [build.record(1, 0.003)], finished=2, kind="revalidate"),
            build.segment(1, [build.record(1, 0.002)], finished=3, kind="revalidate"),
        ]
        assert winners(jobs) == [(1, 2.0)]
        assert winners([*jobs, build.segment(4, kind="revert", reverts=[1])]) == [(2, 3.0)]

    def test_it_says_nothing_of_other_groups(self, build: Any) -> None:
        jobs = [
            build.segment(1, [build.record(1, 0.001), build.record(2, 0.002), build.record(1, 0.001, workload=1)]),
            build.segment(2, [build.record(1, 0.004)], finished=2, kind="revalidate"),
            build.segment(3, [build.record(1, 0.001)], tvm=build.tvm("0.17.0")),
            build.segment(4, [build.record(1, 0.001)], platform="other"),
        ]
        assert sorted(winners(jobs, keep=3)) == [(1, 1.0), (1, 2.0), (2, 4.0), (3, 1.0), (4, 1.0)]


def histories(build: Any, kinds: list[str]) -> st.SearchStrategy[list[Segment]]:
    """Jobs over few configs, costs and times, so that they collide."""
    record = st.builds(
        build.record,
        st.integers(0, 4),
        st.sampled_from([0.001, 0.002, 0.003]),
        st.integers(0, 1),
        at=st.sampled_from([0.0, 1.0]),
    )

    def job(number: int) -> st.SearchStrategy[Segment]:
        tuned = st.builds(
            build.segment,
            st.just(number),
            st.lists(record, max_size=6, unique_by=lambda found: found.native),
            kind=st.sampled_from([kind for kind in kinds if kind in ("tune", "import", "revalidate")]),
            finished=st.sampled_from([0, 1, None]),
            tvm=st.sampled_from([build.tvm("0.16.0"), build.tvm("0.16.1"), build.tvm("0.17.0")]),
            facts=st.sampled_from([{}, {"fan": True}]),
        )
        reverts = st.lists(st.integers(0, 7), min_size=1, max_size=2)
        others = {
            "revert": st.builds(build.segment, st.just(number), kind=st.just("revert"), reverts=reverts),
            "invalidate": st.builds(
                build.segment,
                st.just(number),
                kind=st.just("invalidate"),
                invalidates=st.lists(st.tuples(st.integers(0, 7), st.none()), min_size=1, max_size=2),
            ),
        }
        return st.one_of(tuned, *(strategy for kind, strategy in others.items() if kind in kinds))

    return st.integers(1, 8).flatmap(lambda count: st.tuples(*map(job, range(count))).map(list))


@given(data=st.data())
def test_the_order_of_segments_never_matters(build: Any, data: st.DataObject) -> None:
    segments = data.draw(histories(build, ["tune", "import", "revalidate", "revert", "invalidate"]))
    settings = Settings(keep=data.draw(st.integers(1, 3)), policy_facts=data.draw(st.sampled_from([(), ("fan",)])))
    expected = folded(segments, settings)
    assert folded(data.draw(st.permutations(segments)), settings) == expected
    for kept in expected.values():
        configs = [(stored.record.workload, stored.tuned_with.group, stored.record.config) for stored in kept]
        assert settings.policy_facts or len(set(configs)) == len(configs)


@given(data=st.data())
def test_adding_a_job_to_configs_is_the_same_as_folding_anew(build: Any, data: st.DataObject) -> None:
    segments = data.draw(histories(build, ["tune", "import"]))
    settings = Settings(keep=data.draw(st.integers(1, 3)))
    configs: Configs = {}
    for segment in data.draw(st.permutations(segments)):
        configs = fold_onto(configs, segment, settings)
    assert configs == folded(segments, settings)


def test_hopeless_candidates_are_dropped_on_the_way_without_a_trace(build: Any) -> None:
    """Far more configs than a group may hold at once, some measured again, in many jobs and any order."""
    chance = random.Random(7)
    records = [
        build.record(n % 700, chance.choice([0.001, 0.002, 0.5]) + n % 13 / 1000, at=float(n)) for n in range(2000)
    ]
    segments = [build.segment(job, records[job * 100 : job * 100 + 100]) for job in range(20)]
    everything = [stored for segment in segments for entry in segment.tasks for stored in entry.records]
    best: dict[bytes, Any] = {}
    for stored in sorted(everything, key=rank):
        best.setdefault(stored.record.config, stored)
    for order in (segments, segments[::-1]):
        (kept,) = folded(order, Settings(keep=5)).values()
        assert kept == list(best.values())[:5]
