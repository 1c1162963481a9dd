from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import TaskTuning
from tvmgitlib.live.tuning.watching import TaskAtWork
from tvmgitlib.model import DETERMINISTIC


def trial(error: str | None) -> Any:
    return SimpleNamespace(error=error, cost=1e-3, is_lasting=error is None or error in DETERMINISTIC)


@pytest.mark.parametrize(
    ("errors", "state", "why"),
    [
        ([None, None], "tuned", ""),
        ([None], "short", ""),
        (["compile_host"], "short", ""),
        (
            [None, "build_timeout", "run_timeout", "build_timeout"],
            "short",
            "failures that may pass (2 build timeout, 1 run timeout): the same command tries them again",
        ),
    ],
)
def test_a_task_that_is_short_of_trials_says_which_failures_may_pass(
    errors: list[str | None], state: str, why: str
) -> None:
    begun = TaskTuning("metaschedule", "board", "w", "w", 1.0, "waiting")
    place: Any = SimpleNamespace(task="w")
    journal = SimpleNamespace(opened=SimpleNamespace(exhausted=lambda: ()))
    job: Any = SimpleNamespace(measured=lambda _: [trial(error) for error in errors], journal=journal)
    done = TaskAtWork("w", place, begun, 0, None, is_begun=True).now(job, 2, over=True)
    assert (done.state, done.why) == (state, why)
