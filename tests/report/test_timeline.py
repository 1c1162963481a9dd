"""How the best config changed: the same as the fold of the jobs that there were by then."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tvmgitlib.model import Segment, Settings
from tvmgitlib.report.timeline import Timeline
from tvmgitlib.rules.fold import fold, standing


def costs(jobs: list[Segment]) -> list[tuple[str, float | None, float | None]]:
    parts = {at: job for at, job in enumerate(jobs) if job.tasks}
    return [(step.job[-1], step.cost, step.before) for step in Timeline(jobs, Settings()).steps(parts)]


def test_only_a_better_config_is_a_step(build: Any) -> None:
    jobs = [build.segment(at, [build.record(at, cost)]) for at, cost in enumerate((3e-3, 4e-3, 2e-3, 2e-3))]
    assert costs(jobs) == [("0", 3e-3, None), ("2", 2e-3, 3e-3)]


def test_a_revert_and_its_own_revert_are_steps(build: Any) -> None:
    jobs = [
        build.segment(0, [build.record(0, 3e-3)]),
        build.segment(1, [build.record(1, 1e-3)]),
        build.segment(2, kind="revert", reverts=[1]),
        build.segment(3, kind="revert", reverts=[2]),
    ]
    assert costs(jobs) == [("0", 3e-3, None), ("1", 1e-3, 3e-3), ("2", 3e-3, 1e-3), ("3", 1e-3, 3e-3)]


def test_what_is_invalidated_leaves_nothing(build: Any) -> None:
    jobs = [build.segment(0, [build.record(0, 3e-3)]), build.segment(1, kind="invalidate", invalidates=[(0, None)])]
    assert costs(jobs) == [("0", 3e-3, None), ("1", None, 3e-3)]


def test_what_is_measured_again_may_be_slower(build: Any) -> None:
    jobs = [
        build.segment(0, [build.record(0, 3e-3)], finished=0),
        build.segment(1, [build.record(0, 5e-3)], finished=5, kind="revalidate"),
    ]
    assert costs(jobs) == [("0", 3e-3, None), ("1", 5e-3, 3e-3)]


def test_each_tvm_has_a_best_of_its_own(build: Any) -> None:
    jobs = [
        build.segment(at, [build.record(at, cost)], tvm=build.tvm(f"0.{16 + at}.0"))
        for at, cost in ((0, 1e-3), (1, 2e-3))
    ]
    steps = Timeline(jobs, Settings()).steps(dict(enumerate(jobs)))
    assert [(step.tvm, step.cost) for step in steps] == [("hhb-tvm 0.16", 1e-3), ("hhb-tvm 0.17", 2e-3)]


@pytest.mark.parametrize("seed", range(40))
def test_after_every_job_it_is_what_the_fold_says(build: Any, seed: int) -> None:
    chance = random.Random(seed)
    jobs: list[Segment] = []
    for at in range(12):
        kind = chance.choice(["tune", "tune", "tune", "revalidate", "revert", "invalidate"]) if at else "tune"
        earlier = chance.randrange(at) if at else 0
        records = [build.record(chance.randrange(4), chance.uniform(1e-3, 9e-3)) for _ in range(2)]
        jobs.append(
            build.segment(
                at,
                records if kind in ("tune", "revalidate") else [],
                kind=kind,
                finished=at,
                reverts=[earlier] if kind == "revert" else [],
                invalidates=[(earlier, None)] if kind == "invalidate" else [],
            )
        )
    told = {job: (cost, before) for job, cost, before in ((s.job, s.cost, s.before) for s in _steps(jobs))}
    known: float | None = None
    for at, job in enumerate(jobs):
        decided = standing((each.header, each.invalidations) for each in jobs[: at + 1])
        records_now = [stored for each in fold(jobs[: at + 1], decided, Settings()).values() for stored in each]
        now = min((stored.record.cost for stored in records_now), default=None)
        assert told.get(job.header.id) == ((now, known) if now != known else None)
        known = now


def _steps(jobs: list[Segment]) -> Any:
    return Timeline(jobs, Settings()).steps({at: job for at, job in enumerate(jobs) if job.tasks})
