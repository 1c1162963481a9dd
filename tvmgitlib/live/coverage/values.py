"""How much of a model a library covers: plain values, the same in Python and as the JSON of the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.library.notebook import html_table
from tvmgitlib.library.reading import STATES, SUGGESTED, SUSPECT, UNTRUSTED
from tvmgitlib.model import TvmVersion, Workload, listed, plural

#: The state of a task that TVM cannot tune: one of whose shapes is only known when it runs, say.
UNSEARCHABLE: Final = "unsearchable"


class TaskCoverage(Struct, frozen=True):
    """What the library has for one task.

    Attributes:
        family, target, platform, workload: the task; the target as canonical JSON text; no platform where nothing says
            which it is.
        weight: how often the model runs it.
        state: what a build's lookup comes to: `exact`, `stale`, `suspect`, `untrusted`, `incompatible`,
            `invalidated`, `slower`, `suggested` or `missing`; `unsearchable` for what TVM cannot tune at all.
        why: in words, with the option that would change it.
        is_covered: whether a build applies a record: a suggestion is none.
        cost: mean run time in seconds of the record that is applied, else of the fastest on record, whatever its grade;
            None where there is none.
        baseline: what the untuned config took, in seconds; None where nobody measured it.
        trials: how many are on record with this TVM.
        all_trials: how many are on record with any TVM.
        target_label, workload_label: both for people.
    """

    family: str
    target: str
    platform: str | None
    workload: str
    weight: float
    state: str
    why: str
    is_covered: bool
    cost: float | None
    baseline: float | None
    trials: int
    all_trials: int
    target_label: str
    workload_label: str

    @property
    def workload_id(self) -> str:
        """The workload in 16 hex digits."""
        return Workload(self.family, self.workload).id

    @property
    def estimate(self) -> float | None:
        """What one run is thought to take, in seconds: the applied record's cost, else the fastest known, tuned or not.

        None where nobody has measured anything: it is never guessed.
        """
        if self.is_covered:
            return self.cost
        return min((cost for cost in (self.cost, self.baseline) if cost is not None), default=None)

    @property
    def latency(self) -> float:
        """The task's part of the model's time, in seconds; 0 where there is no estimate."""
        return self.weight * (self.estimate or 0.0)

    def share_of(self, latency: float) -> float | None:
        """The task's part of the model's time, from 0 to 1; None where there is no estimate."""
        return self.latency / latency if self.estimate is not None and latency else None

    def to_json(self) -> dict[str, Any]:
        names = ("family", "target", "platform", "workload", "weight", "state", "why")
        return {
            **{name: getattr(self, name) for name in names},
            "covered": self.is_covered,
            **{name: getattr(self, name) for name in ("cost", "baseline", "estimate", "trials", "all_trials")},
            **{name: getattr(self, name) for name in ("target_label", "workload_label", "workload_id")},
        }


class Coverage(Struct, frozen=True):
    """What a library has for the tasks of a model, in the order of the model.

    Attributes:
        tvm: the TVM that would build it.
        tasks: one entry for each workload on each target and platform.
        families: the tuner families that were chosen to take the tasks out of Relay modules, where the user names none:
            a build takes one family's.
        others: families that the library has records of for the target too, and whose tasks were not looked at.

    What is said of all tasks together is said of those of one build: where several families were asked, of the tasks of
    the one that covers most.
    """

    tvm: TvmVersion
    tasks: tuple[TaskCoverage, ...]
    families: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def of_build(self) -> tuple[TaskCoverage, ...]:
        """The tasks of one build: of Relay modules those of the family that covers most of its own."""
        if len(self.families) < 2:
            return self.tasks
        best = max(self.families, key=self._part_of)
        return tuple(task for task in self.tasks if task.family == best or task.family not in self.families)

    def _part_of(self, family: str) -> float:
        """Which part of a family's tasks is covered, from 0 to 1."""
        its = [task.is_covered for task in self.tasks if task.family == family]
        return sum(its) / len(its)

    @property
    def counts(self) -> dict[str, int]:
        """How many tasks there are of each state, from best to worst; the rarer ones where there are any."""
        found = Counter(task.state for task in self.of_build)
        rare = (SUSPECT, UNTRUSTED, SUGGESTED, UNSEARCHABLE)
        return {state: found[state] for state in (*STATES, UNSEARCHABLE) if found[state] or state not in rare}

    @property
    def covered(self) -> list[TaskCoverage]:
        """The tasks for which a build applies a record."""
        return [task for task in self.of_build if task.is_covered]

    @property
    def without_estimate(self) -> list[TaskCoverage]:
        """The tasks that nobody has measured: they are in no latency, and in no share of it."""
        return [task for task in self.of_build if task.estimate is None]

    @property
    def latency(self) -> float:
        """What all tasks that have an estimate are thought to take together, in seconds."""
        return _latency(self.of_build)

    @property
    def share(self) -> float | None:
        """The part of that latency that is covered, from 0 to 1; None where no task has an estimate."""
        return _latency(self.covered) / self.latency if self.latency else None

    @property
    def is_complete(self) -> bool:
        """Whether every task of a build is covered that TVM can tune."""
        return all(task.is_covered or task.state == UNSEARCHABLE for task in self.of_build)

    @property
    def line(self) -> str:
        """The whole in one line."""
        if not self.tasks:
            return "no task"
        counts = ", ".join(f"{count:,} {state}" for state, count in self.counts.items() if count)
        said = f"{len(self.covered):,} of {plural(len(self.of_build), 'task')} covered ({counts})"
        if self.share is None:
            said += "; no task has an estimate of its latency"
        else:
            said += f", {self.share:.1%} of the estimated latency"
            if left_out := len(self.without_estimate):
                said += f"; {plural(left_out, 'task')} without an estimate left out of that"
        return "; ".join([said, *self._said_of_families()])

    def _said_of_families(self) -> Iterator[str]:
        """Whose tasks of the model these are, and whose they could be."""
        chosen = {task.family for task in self.of_build}
        for family in self.families:
            its = [task for task in self.tasks if task.family == family]
            if family in chosen:
                yield f"the model's tasks are {family}'s"
            else:
                covered = sum(task.is_covered for task in its)
                yield f"of {family}'s {plural(len(its), 'task')} {covered:,} covered"
        if self.others:
            yield f"there are records of {listed(self.others)} too (--family)"

    def __str__(self) -> str:
        return "\n".join([self.line, *(f"  {task.state:12} {task.workload_label}: {task.why}" for task in self.tasks)])

    def __repr__(self) -> str:
        return f"<Coverage: {self.line}>"

    def _repr_html_(self) -> str:
        names = ("state", "weight", "estimate", "trials", "platform", "workload_label", "why")
        rows = ({name: getattr(task, name) for name in names} for task in self.tasks)
        return f"<p>{escape(self.line)}</p>{html_table(rows, names)}"

    def to_json(self) -> dict[str, Any]:
        return {
            "tvm": self.tvm.to_json(),
            "tasks": [task.to_json() for task in self.tasks],
            "families": list(self.families),
            "others": list(self.others),
            "covered": len(self.covered),
            "counts": self.counts,
            "latency": self.latency,
            "share": self.share,
            "without_estimate": len(self.without_estimate),
        }


def _latency(tasks: Iterable[TaskCoverage]) -> float:
    return sum(task.latency for task in tasks)
