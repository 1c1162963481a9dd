"""What became of a job that was added: counts, and what the user should know beside them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict


class Counts(Struct, frozen=True):
    """What became of the lines that were read: `read = failed + duplicates + kept + dropped`.

    Attributes:
        read: tuning records in the logs.
        failed: trials that failed.
        duplicates: lines that repeat a measurement.
        kept: records that the segment holds.
        dropped: successes beyond the segment's best.
        workloads: tasks, that is workloads on a target and platform.
        improved: groups whose best record changed.
    """

    read: int = 0
    failed: int = 0
    duplicates: int = 0
    kept: int = 0
    dropped: int = 0
    workloads: int = 0
    improved: int = 0


class JobResult(Struct, frozen=True):
    """What became of a finished job or an import.

    Attributes:
        job: its id; None when there was nothing new to commit.
        commit: the commit that holds it; None when nothing was committed.
        counts: what became of the lines.
        already: the job was in the library before.
        reverted: of a job that was in the library before, the revert that takes it out; None while it counts.
        platforms: the platforms that the records were measured on, by name.
        detected: those of them that nothing named: what this machine was found to be.
        overruled: where a target's `-model` named the platform in place of the user: that platform and how many trials.
        all_failed: workloads of which no trial succeeded, each with its platform and target, in words.
        known: jobs that hold some of the measurements already, and how many.
        left_out: lines that were left out, in words.
        upgraded: how many lines were of an older format and were converted.
        without_rule: what no rule says how to convert, in words, and how many lines there are of each; they are among
            those that were left out.
        incomplete: targets of an import, for people, whose logs name no triple: what they mean differs from TVM to TVM.
        completed: where the user said what targets leave out: of how many records it was used; None where nothing was
            said.
        not_completed: records whose targets say otherwise, or are another device's, by the target's label: they stay
            as they are.
        copies: how many logs repeated another one, so that they were not read.
        other_targets: records of targets that were not asked for, by the target's label: they were left out.
        no_logs: files of a folder that are no logs, each with why, in words.
        unusable: trials that the logs call successes and whose times can be none, in words: they count as failed.
        unmeasured: how many configs the logs hold that nobody has measured: they are no trials.
        continued: the job in progress that holds what was logged while this one was finished; None where nothing was.
        queued: it was sent to the remote's queue, and is not on its branch yet.
        left_alone: files of the work tree that stay as the user changed them.
    """

    job: str | None
    commit: str | None
    counts: Counts
    already: bool = False
    reverted: str | None = None
    platforms: tuple[str, ...] = ()
    detected: tuple[str, ...] = ()
    overruled: dict[str, int] = field(default_factory=dict)
    all_failed: tuple[str, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    completed: int | None = None
    not_completed: dict[str, int] = field(default_factory=dict)
    copies: int = 0
    other_targets: dict[str, int] = field(default_factory=dict)
    no_logs: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    unmeasured: int = 0
    continued: str | None = None
    queued: bool = False
    left_alone: tuple[str, ...] = ()
    upgraded: int = 0
    without_rule: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "commit": self.commit,
            **asdict(self.counts),
            "already": self.already,
            "reverted": self.reverted,
            "platforms": list(self.platforms),
            "detected": list(self.detected),
            "overruled": self.overruled,
            "all_failed": list(self.all_failed),
            "known": self.known,
            "left_out": list(self.left_out),
            "incomplete": list(self.incomplete),
            "completed": self.completed,
            "not_completed": self.not_completed,
            "copies": self.copies,
            "other_targets": self.other_targets,
            "no_logs": list(self.no_logs),
            "unusable": list(self.unusable),
            "unmeasured": self.unmeasured,
            "continued": self.continued,
            "queued": self.queued,
            "left_alone": list(self.left_alone),
            "upgraded": self.upgraded,
            "without_rule": self.without_rule,
        }
