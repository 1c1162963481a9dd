"""What the library answers: plain values, the same in Python and as the JSON of the command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tvmgitlib.library.jobs.intake import Counts
from tvmgitlib.model.tvm import TvmVersion


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a finished job or an import.

    Attributes:
        job: its id; None when there was nothing new to commit.
        commit: the commit that holds it; None when nothing was committed.
        counts: what became of the lines.
        already: the job was in the library before.
        reverted: of a job that was in the library before, the revert that takes it out; None while it counts.
        platforms: the platforms that the records were measured on, by name.
        detected: those of them that nothing named: what this machine was found to be.
        all_failed: workloads of which no trial succeeded, each with its platform and target, in words.
        known: jobs that hold some of the measurements already, and how many.
        left_out: lines that were left out, in words.
        left_alone: files of the work tree that stay as the user changed them.
    """

    job: str | None
    commit: str | None
    counts: Counts
    already: bool = False
    reverted: str | None = None
    platforms: tuple[str, ...] = ()
    detected: tuple[str, ...] = ()
    all_failed: tuple[str, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "commit": self.commit,
            **asdict(self.counts),
            "already": self.already,
            "reverted": self.reverted,
            "platforms": list(self.platforms),
            "detected": list(self.detected),
            "all_failed": list(self.all_failed),
            "known": self.known,
            "left_out": list(self.left_out),
            "left_alone": list(self.left_alone),
        }


@dataclass(frozen=True, slots=True)
class BestConfig:
    """The best record of a workload on a target and platform.

    Attributes:
        family, target, platform, workload: what it answers for; the target as canonical JSON text.
        cost: mean run time in seconds.
        trials: trials of its job for the workload.
        job: the job that measured it.
        grade: how far it holds for the TVM asked about; None when none was.
        why: the grade's reason in words.
        record: the tuner's own record, as JSON.
        target_label, workload_label: both for people.
        tuned_with: the TVM it was tuned with, and how that is known.
        written_by: the version of the TVM that wrote the record, as the record itself says; None where it does not.
        baseline: what the untuned config takes with that TVM, in seconds; None where nobody measured it.
        native: the record's own text.
    """

    family: str
    target: str
    platform: str
    workload: str
    cost: float
    trials: int
    job: str
    grade: str | None
    why: str
    record: Any
    target_label: str
    workload_label: str
    tuned_with: TvmVersion
    written_by: str | None
    baseline: float | None
    native: bytes

    @property
    def speedup(self) -> float | None:
        """How many times faster than the untuned config it is; None where nobody measured that one."""
        return self.baseline / self.cost if self.baseline is not None else None

    def to_json(self) -> dict[str, Any]:
        names = ("family", "target", "platform", "workload", "cost", "trials", "job", "grade", "why", "record")
        more = ("written_by", "baseline", "speedup")
        return {
            **{name: getattr(self, name) for name in names},
            "tuned_with": self.tuned_with.to_json(),
            **{name: getattr(self, name) for name in more},
        }


@dataclass(frozen=True, slots=True)
class WorkloadEffort:
    """The effort on record for a workload on a target and platform, each measurement counted once."""

    family: str
    target: str
    platform: str
    workload: str
    trials: int
    configs: int
    failed: int
    errors: dict[str, int]
    jobs: tuple[str, ...]
    target_label: str
    workload_label: str

    def to_json(self) -> dict[str, Any]:
        names = ("family", "target", "platform", "workload", "trials", "configs", "failed", "errors")
        return {name: getattr(self, name) for name in names} | {"jobs": list(self.jobs)}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A job in the library's history.

    Attributes:
        job: its id.
        kind: what it is.
        commit: the commit that added it.
        date: the commit's author date, ISO 8601 with offset.
        author: the commit's author.
        subject: the first line of the commit's message.
        reverted: the revert that takes it out; None while it counts.
    """

    job: str
    kind: str
    commit: str
    date: str
    author: str
    subject: str
    trials: int
    workloads: int
    reverted: str | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that `check` found.

    Attributes:
        file: the file, below the library's root.
        line: the line, from 1; None when it is about the file as a whole.
        message: what is wrong.
        commit: the commit in which it was found; None for the work tree.
    """

    file: str
    line: int | None
    message: str
    commit: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line is not None else self.file
        return f"{place}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
