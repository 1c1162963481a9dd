"""A warm start: suggestions are the first trials of an Ansor task; what comes after learns from the job's log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tvmgitlib.families.ansor import FAILED
from tvmgitlib.families.values import config_digest
from tvmgitlib.library.jobs import Journal
from tvmgitlib.live.common import TaskSuggester
from tvmgitlib.model import Config
from tvmgitlib.rules.suggesting import MOST, ROUND


def measure_suggested(
    journal: Journal, suggester: TaskSuggester, trials: int, builder: Any, runner: Any, callbacks: Sequence[Any]
) -> None:
    """Measure what is suggested, in two rounds: the second knows the results of the first.

    Args:
        journal: the job's.
        suggester: suggests states of the task.
        trials: trials that shall be on record afterwards.
        builder, runner: as in `TuningOptions`.
        callbacks: what is told of each round; only those that are written in Python can be.
    """
    from tvm.auto_scheduler import TuningOptions

    options = TuningOptions(builder=builder, runner=runner)
    known = {answer.config for answer in journal.answers(suggester.place)}
    left = min(MOST, journal.missing(suggester.place, trials))
    tried: list[tuple[Config, float | None]] = []
    while left > 0:
        suggested = suggester.next(min(ROUND, left) + len(known), tried)
        configs = [each.config for each in suggested if _digest(suggester, each.config) not in known][
            : min(ROUND, left)
        ]
        if not configs:
            return
        inputs = [suggester.space.native(config) for config in configs]
        builds = options.builder.build(inputs, verbose=0)
        results = options.runner.run(inputs, builds, verbose=0)
        for each in callbacks:
            if hasattr(each, "callback"):
                each.callback(None, inputs, results)
        tried += [(config, cost_of(result)) for config, result in zip(configs, results, strict=True)]
        left -= len(configs)


def _digest(suggester: TaskSuggester, config: Config) -> bytes:
    return config_digest(suggester.space.written(suggester.space.native(config)))


def cost_of(result: Any) -> float | None:
    """The cost that a measurement came to, in seconds; None for a failure."""
    seconds = [float(cost.value) for cost in result.costs]
    sound = result.error_no == 0 and seconds and all(0 < each < FAILED for each in seconds)
    return math.fsum(seconds) / len(seconds) if sound else None
