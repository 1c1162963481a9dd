"""Jobs in progress: a folder each under the Git directory, with what the job was told and the logs it writes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from tvmgitlib import families
from tvmgitlib.errors import JobError
from tvmgitlib.library.jobs.appending import append_lines
from tvmgitlib.model import Invalidation, JobSpec, Platform, TaskIdentity, TvmVersion, is_job_id, utc_text

_TOLD = "job.json"
_LOG = "tuning.log"
_WORK_DIR = "work_dir"
_EXHAUSTED = "exhausted.jsonl"
_BASELINES = "baselines.jsonl"
_REMEASURED = "remeasured.jsonl"
_LIVE = "live.lock"

#: What a job's folder is called once it is forgotten.
_GONE = ".gone."


@dataclass(frozen=True, slots=True)
class RemeasuredNote:
    """What came of measuring a stored record again, in a job of kind `revalidate`.

    Attributes:
        task: family, target key and workload text of the task, as this TVM has it.
        job, record: the stored record: its job and its hash.
        cost: the new mean run time in seconds; None when it was refused.
        why: why it was refused; None when it holds.
        checked: whether its outputs were compared with those of an untuned build, and agreed.
        invalidates: the stored records that do not hold for that: (job, first 16 hex digits of the hash).
    """

    task: list[str]
    job: str
    record: str
    cost: float | None
    why: str | None
    checked: bool = False
    invalidates: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job in progress.

    Attributes:
        id: 16 hex digits.
        folder: where it lives.
        started: ISO 8601 in UTC.
        author: `Name <email>`.
        spec: what it was told.
    """

    id: str
    folder: Path
    started: str
    author: str
    spec: JobSpec = field(default_factory=JobSpec)

    @property
    def log(self) -> Path:
        """The file of lines that a tuner logs into."""
        return self.folder / _LOG

    @property
    def work_dir(self) -> Path:
        """The folder that a tuner works in whose log is several files."""
        return self.folder / _WORK_DIR

    @property
    def log_files(self) -> tuple[Path, ...]:
        """The files that tuners write: the log, and those that the families' layouts name."""
        return (self.log, *(self.work_dir / name for layout in families.layouts() for name in layout.files))

    def told(self, spec: JobSpec) -> OpenJob:
        """This job with another spec, which is on the disk when it returns."""
        job = replace(self, spec=spec)
        _write_told(job)
        return job

    def logs(self) -> list[Path]:
        """The logs that have something in them."""
        found = [self.log] if _has_content(self.log) else []
        files = {path.name for path in self.work_dir.iterdir()} if self.work_dir.is_dir() else set()
        if any(_has_content(self.work_dir, layout.records, *layout.beside) for layout in families.layouts_in(files)):
            found.append(self.work_dir)
        return found

    def mark_exhausted(self, task: TaskIdentity) -> None:
        """Note, durably, that every config of a task's space has been measured."""
        if task not in self.exhausted():
            self._note(_EXHAUSTED, task)

    def exhausted(self) -> set[TaskIdentity]:
        """The tasks whose whole space has been measured, by `Task.identity`."""
        return {(family, target, workload) for family, target, workload in self._noted(_EXHAUSTED)}

    def note_baseline(self, identity: TaskIdentity, seconds: float) -> None:
        """Note, durably, what the untuned config of a task takes."""
        self._note(_BASELINES, (*identity, seconds))

    def baselines(self) -> dict[TaskIdentity, float]:
        """The seconds that the untuned configs of tasks take, by `Task.identity`."""
        noted = self._noted(_BASELINES)
        return {(family, target, workload): seconds for family, target, workload, seconds in noted}

    def note_remeasured(self, note: RemeasuredNote) -> None:
        """Note, durably, what came of measuring a record again."""
        self._note(_REMEASURED, asdict(note))

    def remeasured(self) -> list[RemeasuredNote]:
        """What came of the records that were measured again."""
        return [RemeasuredNote(**note) for note in self._noted(_REMEASURED)]

    def refused(self) -> tuple[Invalidation, ...]:
        """The stored records that were found not to hold, by job and reason."""
        named: dict[tuple[str, str], set[str]] = {}
        for note in self.remeasured():
            for job, record in note.invalidates:
                named.setdefault((job, note.why or ""), set()).add(record)
        return tuple(Invalidation(job, tuple(sorted(records)), why) for (job, why), records in sorted(named.items()))

    def _note(self, name: str, value: object) -> None:
        append_lines(self.folder / name, [json.dumps(value)])

    def _noted(self, name: str) -> list[Any]:
        path = self.folder / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]  # else a kill cut it off

    def claim(self) -> BaseFileLock | None:
        """Take the job for this process, until the lock is released or the process dies; None: another one has it."""
        lock = FileLock(self.folder / _LIVE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock


def _write_told(job: OpenJob) -> None:
    """Write down what a job was told: all of it is in the file, or what was there before."""
    document = {"id": job.id, "started": job.started, "author": job.author, **asdict(job.spec)}
    written = job.folder / f".{_TOLD}"
    with written.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    written.replace(job.folder / _TOLD)


def _has_content(path: Path, *names: str) -> bool:
    """Whether something is in a file, or in every file of a folder that is named."""
    files = [path / name for name in names] or [path]
    return all(file.is_file() and file.stat().st_size > 0 for file in files)


class OpenJobs:
    """The jobs in progress of one library.

    Args:
        state: the library's folder under the common Git directory.
    """

    def __init__(self, state: Path) -> None:
        self._folder = state / "jobs"

    def start(self, author: str, spec: JobSpec) -> OpenJob:
        """Make a new job with the logs' places ready; all of it is there at once or nothing."""
        job = OpenJob(secrets.token_hex(8), self._folder, utc_text(time.time()), author, spec)
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f".{job.id}"
        scratch.mkdir()
        (scratch / _WORK_DIR).mkdir()
        (scratch / _LOG).touch()
        _write_told(replace(job, folder=scratch))
        scratch.rename(self._folder / job.id)
        return self.get(job.id)

    def all(self) -> list[OpenJob]:
        """Every job in progress, oldest first."""
        names = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        found = (self._read(name) for name in names if is_job_id(name))
        return sorted((job for job in found if job is not None), key=lambda job: (job.started, job.id))

    def get(self, job: str) -> OpenJob:
        """One job in progress, by its id or the beginning of it.

        Raises:
            JobError: there is none of that name, or several.
        """
        found = self._read(job if is_job_id(job) else self._complete(job))
        if found is None:
            raise JobError(f"no job {job} is in progress", hint="tvmgitlib job list shows them.")
        return found

    def only(self) -> OpenJob:
        """The one job in progress.

        Raises:
            JobError: there is none, or there are several.
        """
        jobs = self.all()
        if len(jobs) == 1:
            return jobs[0]
        if not jobs:
            raise JobError("no job is in progress", hint="tvmgitlib job start begins one.")
        ids = ", ".join(job.id for job in jobs)
        raise JobError(f"{len(jobs)} jobs are in progress: {ids}", hint="Say which: tvmgitlib job finish JOB.")

    def remove(self, job: OpenJob) -> None:
        """Forget a job and its logs, also those of jobs whose removal was cut short."""
        try:
            job.folder.rename(self._folder / f"{_GONE}{job.id}.{secrets.token_hex(4)}")
        except FileNotFoundError:
            return  # another process was faster
        for gone in self._folder.glob(f"{_GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)

    def _read(self, job: str) -> OpenJob | None:
        """A job in progress by its whole id; None when it is not, or not any more."""
        file = self._folder / job / _TOLD
        try:
            document = json.loads(file.read_bytes())
            own = {name: document.pop(name) for name in ("id", "started", "author")}
            tvm, here = document.pop("tvm"), document.pop("here", None)
            spec = JobSpec(tvm=TvmVersion(**tvm) if tvm else None, here=Platform(**here) if here else None, **document)
            return OpenJob(folder=file.parent, spec=spec, **own)
        except FileNotFoundError:
            return None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise JobError(
                "what the job was told cannot be read any more",
                file=str(file),
                hint="Keep its logs if you need them (tvmgitlib import takes them), then delete the job's folder.",
            ) from None

    def _complete(self, beginning: str) -> str:
        ids = [job.id for job in self.all()]
        found = [job for job in ids if beginning and job.startswith(beginning)]
        if len(found) != 1:
            problem = "several jobs in progress begin" if found else "no job in progress begins"
            raise JobError(f"{problem} with {beginning!r}", hint="tvmgitlib job list shows them.")
        return found[0]
