"""How far the tuning of a model is, and what came of it: plain values, the same in Python and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.library.changes import JobResult
from tvmgitlib.live.coverage import UNSEARCHABLE, Coverage
from tvmgitlib.model import Workload, plural
from tvmgitlib.rules.sharding import Shard

#: The states of a task, but for `unsearchable`.
SKIPPED, TUNED, TUNING, WAITING, SHORT, FAILED = STATES = (
    "skipped",
    "tuned",
    "tuning",
    "waiting",
    "short",
    "failed",
)

#: What is as it should be when all is done: the user need not call again.
_DONE: Final = (SKIPPED, TUNED, UNSEARCHABLE)


class TaskTuning(Struct, frozen=True):
    """How far one task of a model is.

    Attributes:
        family, platform, workload: the task; no platform where it is not tuned.
        workload_label: the same for people.
        weight: how often the model runs it.
        state: `skipped` (enough was on record), `tuned`, `tuning`, `waiting`; at the end `short` where fewer trials
            than asked for are on record, and `failed` where none of them succeeded; `unsearchable` for what TVM cannot
            tune at all.
        why: what TVM cannot tune of it, or why it is short of trials although they were made, in words; else empty.
        trials: how many are on record, without failures that may pass, and without what a second job repeated.
        made: how many of all trials were made now.
        failed: how many of those failed.
        cost: the best mean run time on record, in seconds; None where there is none.
        baseline: what the untuned config takes, in seconds; None where nobody measured it.
        layer: what it has in common with tasks that are other ways to compute the same layer of the model; empty where
            it is the only one.
    """

    family: str
    platform: str | None
    workload: str
    workload_label: str
    weight: float
    state: str
    why: str = ""
    trials: int = 0
    made: int = 0
    failed: int = 0
    cost: float | None = None
    baseline: float | None = None
    layer: str = ""

    @property
    def workload_id(self) -> str:
        """The workload in 16 hex digits."""
        return Workload(self.family, self.workload).id

    @property
    def speedup(self) -> float | None:
        """How many times faster than untuned the best is; None where one of them is not known."""
        return self.baseline / self.cost if self.cost and self.baseline else None

    def to_json(self) -> dict[str, Any]:
        names = ("family", "platform", "workload", "weight", "state", "why", "trials", "made", "failed", "cost")
        return {
            **{name: getattr(self, name) for name in names},
            **{name: getattr(self, name) for name in ("baseline", "speedup", "workload_label", "workload_id")},
        }


def speedup_of(tasks: Iterable[TaskTuning]) -> float | None:
    """How many times faster than untuned a model is: no build applies a config that is slower than the untuned one.

    A layer that several tasks compute, each in a way of its own, counts once, by the best of them. None where of no
    task both times are known; the others are left out.
    """
    layers: dict[tuple[str, str], tuple[float, float, float]] = {}
    for each in tasks:
        if each.baseline and each.cost:
            layer = (each.family, each.layer or each.workload)
            weight, untuned, tuned = layers.get(layer, (each.weight, math.inf, math.inf))
            best = min(each.baseline, each.cost)
            layers[layer] = max(weight, each.weight), min(untuned, each.baseline), min(tuned, best)
    after = math.fsum(weight * tuned for weight, _, tuned in layers.values())
    return math.fsum(weight * untuned for weight, untuned, _ in layers.values()) / after if after else None


def against_untuned(tasks: Sequence[TaskTuning]) -> str:
    """What a build gains by the library, for people: a model of which nothing is faster is not "1.00x as fast".

    Empty where of no task both times are known.
    """
    speedup = speedup_of(tasks)
    if speedup is None:
        return ""
    known = [each.speedup for each in tasks if each.speedup is not None]
    slower = sum(each < 1 for each in known)
    if slower == len(known):
        return "nothing faster than untuned was found, so builds stay untuned"
    kept = f" ({slower:,} {'is' if slower == 1 else 'are'} slower, and built untuned)" if slower else ""
    return f"{speedup:.2f}x as fast as untuned{kept}"


class Tuning:
    """How far a model is, while it is tuned.

    Args:
        wanted: trials that shall be on record for each task.
        rows: gives the tasks as they are at the moment, which takes some time.
        elapsed: seconds since the first trial could be made.
        budget: seconds that there are; None for as many as it takes.
    """

    def __init__(
        self, wanted: int, rows: Callable[[], Sequence[TaskTuning]], elapsed: float, budget: float | None
    ) -> None:
        self._rows = rows
        self._known: Sequence[TaskTuning] | None = None
        self.wanted = wanted
        self.elapsed = elapsed
        self.budget = budget

    @property
    def tasks(self) -> Sequence[TaskTuning]:
        """The tasks as they are at the moment, in the order of the model."""
        if self._known is None:
            self._known = self._rows()
        return self._known

    @property
    def speedup(self) -> float | None:
        """How many times faster than untuned the model is so far."""
        return speedup_of(self.tasks)

    @property
    def left(self) -> float | None:
        """The seconds that are left, if it goes on as fast as so far; None before the first trial."""
        made = sum(each.made for each in self.tasks)
        missing = sum(self.wanted - each.trials for each in self.tasks if each.state in (TUNING, WAITING))
        of_budget = max(self.budget - self.elapsed, 0.0) if self.budget is not None else math.inf
        return min(self.elapsed / made * max(missing, 0), of_budget) if made else None


class ModelTuned(Struct, frozen=True):
    """What came of tuning a model.

    Attributes:
        key: what the job was for.
        result: what became of the job; its `job` is None where nothing was measured.
        resumed: whether the job had been interrupted before.
        tasks: one for each workload, in the order of the model.
        coverage: how much of the model a build with the library is tuned by now, all parts of it.
        shard: which part of the tasks it was; None for all of them.
    """

    key: str | None
    result: JobResult
    resumed: bool
    tasks: tuple[TaskTuning, ...]
    coverage: Coverage
    shard: Shard | None = None

    @property
    def speedup(self) -> float | None:
        """How many times faster than untuned the model is; see `speedup_of`."""
        return speedup_of(self.tasks)

    @property
    def is_complete(self) -> bool:
        """Whether every task that TVM can tune has the trials that were asked for, and one of them succeeded.

        Of more parts than there are tasks some have none, and are complete.
        """
        return self.has_tasks and all(each.state in _DONE for each in self.tasks)

    @property
    def has_tasks(self) -> bool:
        """Whether there is a task at all, in this part or in another."""
        return len(self.tasks) > 0 or (self.shard is not None and len(self.coverage.tasks) > 0)

    @property
    def line(self) -> str:
        """The whole in one line."""
        counts = Counter(each.state for each in self.tasks)
        said = ", ".join(f"{counts[state]:,} {state}" for state in (*STATES, UNSEARCHABLE) if counts[state])
        gain = against_untuned(self.tasks)
        which = f"shard {self.shard}: " if self.shard is not None else ""
        return which + (f"{plural(len(self.tasks), 'task')} ({said}){gain and '; '}{gain}" if self.tasks else "no task")

    def __repr__(self) -> str:
        return f"<ModelTuned: {self.line}>"

    def to_json(self) -> dict[str, Any]:
        return {
            "job": self.result.job,
            "commit": self.result.commit,
            "key": self.key,
            "shard": str(self.shard) if self.shard is not None else None,
            "resumed": self.resumed,
            "made": sum(each.made for each in self.tasks),
            "complete": self.is_complete,
            "speedup": self.speedup,
            "tasks": [each.to_json() for each in self.tasks],
            "coverage": self.coverage.to_json(),
        }
