from __future__ import annotations

from typing import Any

import pytest

from tvmgitlib.live.coverage import Coverage, TaskCoverage
from tvmgitlib.model import TvmVersion

TVM = TvmVersion.parse("hhb-tvm==0.16.dev0", "runtime")


def task(state: str, cost: float | None = None, baseline: float | None = None, weight: float = 1) -> TaskCoverage:
    return TaskCoverage(
        family="autotvm",
        target='{"kind":"llvm"}',
        platform="board",
        workload=f'["{state}",[]]',
        weight=weight,
        state=state,
        why="because",
        is_covered=state == "exact",
        cost=cost,
        baseline=baseline,
        trials=0,
        all_trials=0,
        target_label="llvm",
        workload_label=f"{state}()",
    )


@pytest.mark.parametrize(
    ("state", "cost", "baseline", "estimate"),
    [
        ("exact", 2.0, None, 2.0),
        ("exact", 2.0, 3.0, 2.0),
        ("stale", 2.0, None, 2.0),
        ("stale", 2.0, 3.0, 2.0),
        ("slower", 2.0, 1.0, 1.0),  # what a build runs
        ("missing", None, 3.0, 3.0),
        ("missing", None, None, None),
    ],
)
def test_an_estimate_is_measured_or_there_is_none(
    state: str, cost: float | None, baseline: float | None, estimate: float | None
) -> None:
    assert task(state, cost, baseline).estimate == estimate


@pytest.mark.parametrize(
    ("tasks", "share", "line"),
    [
        ([], None, "no task"),
        ([task("exact", 1e-3)], 1.0, "1 of 1 task covered (1 exact), 100.0% of the estimated latency"),
        (
            [task("exact", 1e-3, weight=3), task("stale", 2e-3), task("missing", baseline=3e-3)],
            3 / 8,
            "1 of 3 tasks covered (1 exact, 1 stale, 1 missing), 37.5% of the estimated latency",
        ),
        (
            [task("exact", 1e-3), task("invalidated", 3e-3), task("missing", weight=9), task("missing")],
            1 / 4,
            "1 of 4 tasks covered (1 exact, 1 invalidated, 2 missing), 25.0% of the estimated latency; 2 tasks without "
            "an estimate left out of that",
        ),
        (
            [task("missing"), task("missing")],
            None,
            "0 of 2 tasks covered (2 missing); no task has an estimate of its latency",
        ),
    ],
)
def test_the_share_is_of_what_was_measured_and_says_what_was_not(
    tasks: list[TaskCoverage], share: float | None, line: str
) -> None:
    coverage = Coverage(TVM, tuple(tasks))
    assert coverage.share == (pytest.approx(share) if share is not None else None)
    assert coverage.line == line
    assert str(coverage).splitlines() == [line, *(f"  {each.state:12} {each.state}(): because" for each in tasks)]


def test_as_json_every_state_is_counted() -> None:
    document: dict[str, Any] = Coverage(TVM, (task("exact", 1e-3, weight=2), task("slower", 3e-3, 2e-3))).to_json()
    assert document["counts"] == {
        "exact": 1,
        "stale": 0,
        "incompatible": 0,
        "invalidated": 0,
        "slower": 1,
        "missing": 0,
    }
    assert (document["covered"], document["without_estimate"]) == (1, 0)
    assert (document["latency"], document["share"]) == (pytest.approx(4e-3), pytest.approx(0.5))
    assert document["tvm"] == {"distribution": "hhb-tvm", "version": "0.16.dev0", "source": "runtime"}
    assert [(each["covered"], each["weight"], each["estimate"]) for each in document["tasks"]] == [
        (True, 2, 1e-3),
        (False, 1, 2e-3),
    ]
