"""A job: what one tuning run, import or decision added to the library."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from tvmgitlib.model.history import Trial
from tvmgitlib.model.json import Json
from tvmgitlib.model.place import Place
from tvmgitlib.model.platform import Platform, merged_facts
from tvmgitlib.model.record import DETERMINISTIC, StoredRecord
from tvmgitlib.model.segment import segment_path
from tvmgitlib.model.target import Target, parse_target
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.model.workload import FamilyName, Workload

JobKind = Literal["tune", "import", "revalidate", "revert", "invalidate"]

#: Where a job's trials are made: on this machine, on another one (through RPC), or nothing says it (a log).
Where = Literal["here", "elsewhere", "unsaid"]

#: How many records of a task a segment holds at least, whatever `keep` says: a later, larger `keep` finds them.
SEGMENT_RECORDS = 8


class JobSpec(Struct, frozen=True):
    """What a job is told before anything is measured or read.

    Attributes:
        kind: what the job is.
        target: the only target, as given; None for any.
        platform: the platform's name where a target names no model, as the user gave it; None where he gave none.
        facts: platform facts, as the user gave them.
        tvm: the TVM that tunes; None to believe the logs.
        tuner: the tuner's name.
        options: what the tuner was told.
        keep_history: whether the whole logs are kept too.
        complete_target: what the user says of targets that leave it out, as a target.
        key: what the job is for, in the user's words (a model's name, say): an interrupted job is resumed under the
            same key alone.
        share: how often the remote is told of the job, in seconds, so that no other machine does the same, and one can
            go on with it; None for never.
        where: where the trials are made.
        here: this machine, as it was found to be when the job began; None where it is not known to be measured on, or
            where the target is not its.
    """

    kind: JobKind = "tune"
    target: str | None = None
    platform: str | None = None
    facts: dict[str, Json] = field(default_factory=dict)
    tvm: TvmVersion | None = None
    tuner: str | None = None
    options: dict[str, Json] = field(default_factory=dict)
    keep_history: bool = False
    complete_target: str | None = None
    key: str | None = None
    share: float | None = None
    where: Where = "here"
    here: Platform | None = None

    @property
    def platform_name(self) -> str | None:
        """The platform's name where a target names no model: the given one, else the detected one."""
        return self.platform or (self.here.name if self.here else None)

    @property
    def detected(self) -> str | None:
        """The platform's name, where nothing but this machine says it: neither the user nor the target's `-model`."""
        if self.platform is not None or self.here is None or self.target is None:
            return None
        return self.here.name if parse_target(self.target).model is None else None

    def is_measured_as(self, wanted: JobSpec) -> bool:
        """Whether a job was measured under the facts of one that is wanted; this machine's say nothing of another."""
        if self.where == "elsewhere":
            return self.facts == wanted.facts
        return self.platform_facts == wanted.platform_facts

    @property
    def platform_facts(self) -> dict[str, Json]:
        """Platform facts: the detected ones, and the given ones, which are stronger."""
        return merged_facts(self.here.facts if self.here else {}, self.facts)


class Source(Struct, frozen=True):
    """A log that a job was made from.

    Attributes:
        name: the file's name without its folders (a MetaSchedule database: with its own folder's name).
        size: how many bytes of it were used (a torn last line is not).
        sha256: of those bytes, in hex.
        start: the byte from which its records count: more than 0 when an earlier job holds what comes before.
    """

    name: str
    size: int
    sha256: str
    start: int = 0


class Header(Struct, frozen=True):
    """The first line of a segment.

    Attributes:
        id: 16 hex digits; random for a live job, derived from the sources and options for an import.
        kind: what the job is.
        started, finished: ISO 8601 in UTC; of an import, when its first and last measurement were made, where known.
        author: `Name <email>`; None for an import, whose bytes must be the same for whoever imports.
        tuner: the tuner's name.
        options: what the tuner or the import was told.
        complete: False for a job that was interrupted and finished as it was.
        tvm: the TVM that the job ran in, where one is known for the whole job.
        sources: the logs.
        reverts: the job ids that a `revert` names.
        reason: why, for `revert` and `invalidate`.
        extra: the free `x-` fields.
    """

    id: str
    kind: JobKind
    started: str | None = None
    finished: str | None = None
    author: str | None = None
    tuner: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    tvm: TvmVersion = TvmVersion()
    sources: tuple[Source, ...] = ()
    reverts: tuple[str, ...] = ()
    reason: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Section(Struct, frozen=True):
    """What the tasks below it in a segment have in common: where they were tuned, and with which TVM."""

    family: FamilyName
    target: Target
    given: tuple[str, ...]
    target_facts: dict[str, Any]
    platform: Platform
    tuned_with: TvmVersion

    def place(self, workload: Workload) -> Place:
        """What records of a workload below it answer for."""
        return Place(self.family, self.target, self.platform.name, workload)


class Effort(Struct, frozen=True):
    """What was spent on a task.

    Attributes:
        trials: measurements made, each counted once, failures too.
        configs: how many different configs they measured.
        errors: failed trials by kind.
        exhausted: True when the tuner ran to the end of its space, None when that is not known.
        sample: the smallest 64-bit measurement names (see `tvmgitlib.rules.effort`), ascending.
        repeated: of several jobs together, the trials of configs that another of them had measured as well.
    """

    trials: int
    configs: int
    errors: dict[str, int] = field(default_factory=dict)
    exhausted: bool | None = None
    sample: tuple[int, ...] = ()
    repeated: int = 0

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def lasting(self) -> int:
        """The trials that need not be made again: successes, and failures that would only come again.

        Those that repeat what another job had measured are none: they add nothing to what is known.
        """
        passing = sum(count for kind, count in self.errors.items() if kind not in DETERMINISTIC)
        return self.trials - passing - self.repeated

    def is_enough(self, trials: int) -> bool:
        """Whether there are as many lasting trials, or the space is exhausted (and not by failures that may pass)."""
        return self.lasting >= trials or (self.exhausted is True and self.lasting > 0)


#: Family, target key and workload text: what names a task inside one job.
TaskIdentity: TypeAlias = "tuple[str, str, str, str]"


class Task(Struct, frozen=True):
    """What a job did for one workload; its best records follow it in the segment.

    Attributes:
        section: where.
        workload: what.
        effort: how much was tried.
        baseline: mean run time in seconds of what a build without tuning makes of it; None where nobody measured it.
    """

    section: Section
    workload: Workload
    effort: Effort
    baseline: float | None = None

    @property
    def place(self) -> Place:
        """What its records answer for."""
        return self.section.place(self.workload)

    @property
    def identity(self) -> TaskIdentity:
        """What names it inside the job."""
        return self.place.task


class Invalidation(Struct, frozen=True):
    """Records that no longer hold, as an `invalidate` or `revalidate` job names them.

    Attributes:
        job: the job that they are of.
        records: the first 16 hex digits of their hashes; None for all records of the job.
        reason: why; None where the job's own reason says it for all of them.
    """

    job: str
    records: tuple[str, ...] | None = None
    reason: str | None = None


class TaskRecords(Struct, frozen=True):
    """A task and its best records, best first.

    Attributes:
        task: the task.
        records: its records.
        history: some of its trials; empty where there is none, or where it was not asked for.
    """

    task: Task
    records: tuple[StoredRecord, ...]
    history: tuple[Trial, ...] = ()


class Segment(Struct, frozen=True):
    """A whole segment in memory."""

    header: Header
    tasks: tuple[TaskRecords, ...] = ()
    invalidations: tuple[Invalidation, ...] = ()

    @property
    def path(self) -> str:
        return segment_path(self.header.id)


class TaskHistory(Struct, frozen=True):
    """What one job has on record of the trials of one task: the best 8, and up to 56 more at even ranks of cost.

    Attributes:
        header: the job.
        task: workload, family, target, platform and TVM, and how many trials there were.
        trials: successes, fastest first, then failures.
    """

    header: Header
    task: Task
    trials: tuple[Trial, ...]
