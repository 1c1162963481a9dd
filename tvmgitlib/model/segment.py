"""A job as the library holds it: its tasks, each with its best records."""

from __future__ import annotations

from dataclasses import dataclass

from tvmgitlib.model.history import Trial
from tvmgitlib.model.job import Header, Invalidation, Task, is_job_id
from tvmgitlib.model.place import Place
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.tvm import TvmVersion

JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the library holds it.

    Attributes:
        line: the whole line, native text and bag, without a line end.
        record: what it says.
        platform: the name of the platform that it was measured on.
        job, trials, finished, tuned_with: the bag: the job, its trials of the workload, when it finished, its TVM.
        baseline: of the bag too: what the untuned config took in that job, in seconds; None where nobody measured it.
    """

    line: bytes
    record: TuningRecord
    platform: str
    job: str
    trials: int
    finished: str | None
    tuned_with: TvmVersion
    baseline: float | None = None

    @property
    def place(self) -> Place:
        """What it answers for."""
        record = self.record
        return Place(record.family, record.target.target, self.platform, record.workload)


@dataclass(frozen=True, slots=True)
class TaskRecords:
    """A task and its best records, best first.

    Attributes:
        task: the task.
        records: its records.
        history: some of its trials; empty where there is none, or where it was not asked for.
    """

    task: Task
    records: tuple[StoredRecord, ...]
    history: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A whole segment in memory."""

    header: Header
    tasks: tuple[TaskRecords, ...] = ()
    invalidations: tuple[Invalidation, ...] = ()

    @property
    def path(self) -> str:
        return segment_path(self.header.id)


def segment_path(job: str) -> str:
    """Where the segment of a job is: sharded by the first two hex digits, so that folders stay small."""
    return f"{JOBS}/{job[:2]}/{job}.jsonl"


def signature_path(segment: str, key: str) -> str:
    """Where the signature of a segment is, which is beside it.

    Args:
        segment: the path of the segment.
        key: sixteen hex digits that tell the key from others.
    """
    return f"{segment.removesuffix('.jsonl')}.{key}.sig"


def signature_at(path: str) -> tuple[str, str] | None:
    """The job of whose segment there would be a signature at a path, and the key; None when none is ever there."""
    name = path.rpartition("/")[2].removesuffix(".sig")
    job, _, key = name.partition(".")
    is_one = is_job_id(job) and is_job_id(key) and path == signature_path(segment_path(job), key)
    return (job, key) if is_one else None


def job_at(path: str) -> str | None:
    """The id of the job whose segment would be at a path; None when no segment is ever there."""
    name = path.rpartition("/")[2].removesuffix(".jsonl")
    return name if is_job_id(name) and path == segment_path(name) else None
