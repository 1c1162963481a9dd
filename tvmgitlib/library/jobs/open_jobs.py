"""Jobs in progress: a folder each under the Git directory, with what the job was told and the logs it writes."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import BaseFileLock, FileLock, Timeout
from msgspec import Struct, field
from msgspec.structs import asdict, replace

from tvmgitlib import families
from tvmgitlib.library.jobs.appending import append_lines
from tvmgitlib.library.jobs.begun import confirm_begun, forget_begun, note_begun, pass_on
from tvmgitlib.model import (
    Invalidation,
    JobError,
    JobSpec,
    Json,
    Platform,
    TaskIdentity,
    TvmVersion,
    Workload,
    is_job_id,
    listed,
    utc_text,
)
from tvmgitlib.store import read_small, share_made, write_whole

if TYPE_CHECKING:
    from tvmgitlib.library.view import View

Note = TypeVar("Note")

_TOLD = "job.json"
_LOG = "tuning.log"
_WORK_DIR = "work_dir"
_EXHAUSTED = "exhausted.jsonl"
_BASELINES = "baselines.jsonl"
_TUNERS = "tuners.jsonl"
_DESCRIBED = "described.jsonl"
_REMEASURED = "remeasured.jsonl"
_LIVE = "live.lock"

#: What a job notes beside its logs, and is finished with.
NOTES = (_EXHAUSTED, _BASELINES, _TUNERS, _DESCRIBED)

#: How long the place of a finished job is kept for a tuner that may still log there, in seconds.
_IDLE = 24 * 3600

#: How much of a log is looked at at once, in bytes.
_PART = 1 << 16

#: How large a file may be that a job notes something in, in bytes.
_MOST = 1 << 24

#: What is text of a job's spec.
_TEXTS = ("target", "platform", "tuner", "complete_target", "key")

#: What reading raises for what is of another form.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError)

#: What a job's folder is called once it is forgotten.
_GONE = ".gone."


class RemeasuredNote(Struct, frozen=True):
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

    @classmethod
    def from_json(cls, noted: Mapping[str, Any]) -> RemeasuredNote:
        """The note that was written.

        Raises:
            TypeError, ValueError: it is something else.
        """
        note = cls(**noted)
        named = [
            *note.task,
            note.job,
            note.record,
            note.why or "",
            *(name for pair in note.invalidates for name in pair),
        ]
        _require(all(isinstance(name, str) for name in named) and all(len(pair) == 2 for pair in note.invalidates))
        _require(note.cost is None or _is_number(note.cost))
        return note


class OpenJob(Struct, frozen=True):
    """A job in progress.

    Attributes:
        id: 16 hex digits.
        folder: where it lives.
        started: ISO 8601 in UTC.
        author: `Name <email>`.
        spec: what it was told.
        continues: the finished job whose tuner went on logging; None for a job that somebody started.
        after: how much of its logs that job holds, in bytes by the name of the file in the folder.
    """

    id: str
    folder: Path
    started: str
    author: str
    spec: JobSpec = field(default_factory=JobSpec)
    continues: str | None = None
    after: Mapping[str, int] = field(default_factory=dict)

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
        _tell(job.folder, job)
        return job

    def renamed(self) -> OpenJob:
        """This job, in its place, under an id that no other has, which is on the disk when it returns."""
        job = replace(self, id=secrets.token_hex(8))
        _tell(job.folder, job)
        pass_on(self.folder.parents[1], self.id, job.id)
        return job

    def to_json(self) -> dict[str, Any]:
        """What it was told, as it is written down and `from_json` reads it."""
        spec = asdict(self.spec) | {
            name: each and asdict(each) for name, each in (("tvm", self.spec.tvm), ("here", self.spec.here))
        }
        document = {"id": self.id, "started": self.started, "author": self.author, **spec}
        if self.continues is not None:
            document |= {"continues": self.continues, "after": dict(self.after)}
        return document

    @classmethod
    def from_json(cls, told: Mapping[str, Any], folder: Path) -> OpenJob:
        """The job in a folder, by what it was told.

        Raises:
            KeyError, TypeError, ValueError: that is something else.
            TvmgitlibError: a name in it is not allowed.
        """
        document = dict(told)
        own = {name: document.pop(name) for name in ("id", "started", "author")}
        own |= {name: document.pop(name) for name in ("continues", "after") if name in document}
        tvm, here = document.pop("tvm"), document.pop("here", None)
        spec = JobSpec(tvm=TvmVersion(**tvm) if tvm else None, here=Platform(**here) if here else None, **document)
        after = own.get("after", {})
        texts = [own["author"], own["started"], own.get("continues"), *(getattr(spec, name) for name in _TEXTS)]
        _require(is_job_id(own["id"]) and all(text is None or isinstance(text, str) for text in texts))
        _require(all(isinstance(each, dict) for each in (after, spec.facts, spec.options)))
        _require(all(map(_is_number, after.values())))
        return cls(folder=folder, spec=spec, **own)

    def logs(self) -> list[Path]:
        """The logs that have something in them that no finished job holds."""
        found = [self.log] if self._has_news(self.log) else []
        files = {path.name for path in self.work_dir.iterdir()} if self.work_dir.is_dir() else set()
        for layout in families.layouts_in(files):
            beside = all(map(_size, (self.work_dir / name for name in layout.beside)))
            if beside and self._has_news(self.work_dir / layout.records):
                found.append(self.work_dir)
                break
        return found

    def _has_news(self, file: Path) -> bool:
        """Whether a log holds more than a finished job does: a whole line, for that one may have left a part of one."""
        held = self.after.get(file.relative_to(self.folder).as_posix(), 0)
        if held == 0 or _size(file) <= held:
            return _size(file) > held
        with file.open("rb") as opened:
            opened.seek(held)
            return any(b"\n" in part for part in iter(lambda: opened.read(_PART), b""))

    def mark_exhausted(self, task: TaskIdentity) -> None:
        """Note, durably, that every config of a task's space has been measured."""
        if task not in self.exhausted():
            self._note(_EXHAUSTED, task)

    def exhausted(self) -> set[TaskIdentity]:
        """The tasks whose whole space has been measured, by `Task.identity`."""
        return set(self._noted(_EXHAUSTED, _identity))

    def note_tuner(self, name: str, options: Mapping[str, Json]) -> None:
        """Note, durably, a tuner that the job runs, and what it was told."""
        if (name, options) not in self.tuners():
            self._note(_TUNERS, [name, options])

    def tuners(self) -> list[tuple[str, dict[str, Json]]]:
        """The tuners that the job has run, each with what it was told, in the order in which they first ran."""
        return self._noted(_TUNERS, _tuner)

    def note_baseline(self, identity: TaskIdentity, seconds: float) -> None:
        """Note, durably, what the untuned config of a task takes."""
        self._note(_BASELINES, (*identity, seconds))

    def baselines(self) -> dict[TaskIdentity, float]:
        """The seconds that the untuned configs of tasks take, by `Task.identity`."""
        return dict(self._noted(_BASELINES, _baseline))

    def describe(self, workload: Workload) -> None:
        """Note, durably, what TVM calls a workload, where its log does not say it and nobody has noted it yet."""
        if workload.desc is not None and workload.id not in self.described():
            self._note(_DESCRIBED, [workload.id, workload.desc])

    def described(self) -> dict[str, str]:
        """What TVM calls workloads, by their ids."""
        return dict(self._noted(_DESCRIBED, _description))

    def note_remeasured(self, note: RemeasuredNote) -> None:
        """Note, durably, what came of measuring a record again."""
        self._note(_REMEASURED, asdict(note))

    def remeasured(self) -> list[RemeasuredNote]:
        """What came of the records that were measured again."""
        return self._noted(_REMEASURED, RemeasuredNote.from_json)

    def refused(self) -> tuple[Invalidation, ...]:
        """The stored records that were found not to hold, by job and reason."""
        named: dict[tuple[str, str], set[str]] = {}
        for note in self.remeasured():
            for job, record in note.invalidates:
                named.setdefault((job, note.why or ""), set()).add(record)
        return tuple(Invalidation(job, tuple(sorted(records)), why) for (job, why), records in sorted(named.items()))

    def notes(self) -> dict[str, list[Any]]:
        """What it has noted beside its logs and is finished with, by `NOTES`."""
        return {name: self._noted(name, lambda noted: noted) for name in NOTES}

    def _note(self, name: str, value: object) -> None:
        append_lines(self.folder / name, [json.dumps(value)])

    def _noted(self, name: str, read: Callable[[Any], Note]) -> list[Note]:
        """What `read` makes of the notes of a file.

        Raises:
            JobError: one is something else, as a failing disk leaves it.
        """
        path = self.folder / name
        content = read_small(path, _MOST) if path.is_file() else b""
        found = []
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):  # what ends without one a kill cut off
            try:
                found.append(read(json.loads(line)))
            except _MALFORMED:
                raise JobError(
                    "what the job has noted cannot be read any more",
                    file=str(path),
                    line=number,
                    hint="Delete the line: what it noted is lost, and the job's logs are as they were.",
                ) from None
        return found

    def claim(self) -> BaseFileLock | None:
        """Take the job for this process, until the lock is released or the process dies; None: another one has it."""
        lock = FileLock(self.folder / _LIVE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock


def _size(file: Path) -> int:
    """How much is in a file; nothing in what is none."""
    return file.stat().st_size if file.is_file() else 0


def _is_open(job: OpenJob) -> bool:
    """Whether a job is in progress, and not only a place that somebody may still log into."""
    return job.continues is None or bool(job.logs())


def _touched(job: OpenJob) -> float:
    """When something was last written into a job's place, as a Unix time."""
    files = [file for file in (job.folder / _TOLD, *job.log_files) if file.exists()]
    return max((file.stat().st_mtime for file in files), default=0.0)


def _tell(folder: Path, job: OpenJob) -> None:
    """Write down what a job was told."""
    write_whole(folder / _TOLD, (json.dumps(job.to_json(), indent=2) + "\n").encode())


def _now() -> str:
    return utc_text(time.time())


class OpenJobs:
    """The jobs in progress of one library.

    Args:
        state: the library's folder under the common Git directory.
    """

    def __init__(self, state: Path) -> None:
        self._folder = state / "jobs"

    def start(self, author: str, spec: JobSpec) -> OpenJob:
        """Make a new job with the logs' places ready; all of it is there at once or nothing."""
        self._forget_idle()
        return self._make(OpenJob(secrets.token_hex(8), self._folder, _now(), author, spec))

    def restore(self, job: OpenJob, notes: Mapping[str, Sequence[object]], fill: Callable[[OpenJob], None]) -> OpenJob:
        """Make a job that was begun elsewhere; all of it is there at once or nothing.

        Args:
            job: the job, whose id no job of this library has.
            notes: what it has noted, as `OpenJob.notes` gives it.
            fill: writes its logs into the folder of what it is given.
        """

        def written(made: OpenJob) -> None:
            for name, noted in notes.items():
                append_lines(made.folder / name, map(json.dumps, noted))
            fill(made)

        return self._make(job, written)

    def _make(self, job: OpenJob, fill: Callable[[OpenJob], None] = lambda _: None) -> OpenJob:
        made = [folder for folder in (self._folder.parent, self._folder) if not folder.exists()]
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f".{job.id}"
        shutil.rmtree(scratch, ignore_errors=True)  # of one that was killed here
        scratch.mkdir()
        try:
            (scratch / _WORK_DIR).mkdir()
            (scratch / _LOG).touch()
            (scratch / _LIVE).touch()
            _tell(scratch, job)
            fill(replace(job, folder=scratch))
            share_made(self._folder.parents[1], [*made, scratch, *scratch.rglob("*")])
            scratch.rename(self._folder / job.id)
            note_begun(self._folder.parent, job.id)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return self.get(job.id)

    def set_aside(self, job: OpenJob) -> OpenJob:
        """Keep a job under an id, and in a place, of its own: its id is another's from now on."""
        other = job.renamed()
        return replace(other, folder=other.folder.rename(self._folder / other.id))

    def all(self) -> list[OpenJob]:
        """Every job in progress, oldest first."""
        names = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        found = (self._read(name) for name in names if is_job_id(name))
        return sorted((job for job in found if job and _is_open(job)), key=lambda job: (job.started, job.id))

    def get(self, job: str) -> OpenJob:
        """One job in progress, by its id or the beginning of it, or by the id of the finished one that it continues.

        Raises:
            JobError: there is none of that name, or several.
        """
        if not is_job_id(job):
            job = self._complete(job)
        found = self._read(job)
        if found is None:
            found = next((each for each in self.all() if each.id == job), None)
        if found is None or not _is_open(found):
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
        ids = listed(job.id for job in jobs)
        raise JobError(f"{len(jobs)} jobs are in progress: {ids}", hint="Say which: tvmgitlib job finish JOB.")

    def follow(self, job: OpenJob, held: Mapping[str, int]) -> OpenJob:
        """Forget a job that is committed, and keep the place that its tuner may still log into.

        What is logged there from now on is another job in progress, of the same folder; until something is, there is
        none to be seen.

        Args:
            job: the job.
            held: how much of its logs it holds, in bytes by the name of the file in the folder.
        """
        spec = replace(job.spec, share=None)  # what comes was not asked to be shared
        next_one = replace(job, id=secrets.token_hex(8), started=_now(), spec=spec, continues=job.id, after=dict(held))
        (job.folder / _REMEASURED).unlink(missing_ok=True)  # what it refused is committed
        _tell(job.folder, next_one)
        pass_on(self._folder.parent, job.id, next_one.id)
        self._forget_idle()
        return next_one

    def _forget_idle(self) -> None:
        """Forget the places of finished jobs into which nobody has logged for long."""
        names = [path.name for path in self._folder.iterdir()] if self._folder.is_dir() else []
        for name in filter(is_job_id, names):
            try:
                job = self._read(name)
            except JobError:
                continue
            if job is None or _is_open(job) or time.time() - _touched(job) < _IDLE:
                continue
            claim = job.claim()
            if claim is not None:
                self.remove(job)
                claim.release()

    def remove(self, job: OpenJob) -> None:
        """Forget a job and its logs, also those of jobs whose removal was cut short."""
        try:
            job.folder.rename(self._folder / f"{_GONE}{job.id}.{secrets.token_hex(4)}")
        except FileNotFoundError:
            return  # another process was faster
        forget_begun(self._folder.parent, job.id)
        for gone in self._folder.glob(f"{_GONE}*"):
            shutil.rmtree(gone, ignore_errors=True)

    def _read(self, job: str) -> OpenJob | None:
        """A job in progress by its whole id; None when it is not, or not any more."""
        file = self._folder / job / _TOLD
        try:
            return OpenJob.from_json(json.loads(read_small(file, _MOST)), file.parent)
        except FileNotFoundError:
            return None
        except _MALFORMED:
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


def _identity(noted: Sequence[str]) -> TaskIdentity:
    """What a note says which task it is of; an older tvmgitlib told no limits of the device."""
    family, target, workload, *limits = noted
    _require(all(isinstance(name, str) for name in noted))
    return family, target, workload, limits[0] if limits else ""


def _tuner(noted: Any) -> tuple[str, dict[str, Json]]:
    name, options = noted
    _require(isinstance(name, str) and isinstance(options, dict))
    return name, options


def _baseline(noted: Any) -> tuple[TaskIdentity, float]:
    *task, seconds = noted
    _require(_is_number(seconds))
    return _identity(task), seconds


def _description(noted: Any) -> tuple[str, str]:
    workload, description = noted
    _require(isinstance(workload, str) and isinstance(description, str))
    return workload, description


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _require(holds: bool) -> None:
    """Hold what was read to its types.

    Raises:
        TypeError: it is of others.
    """
    if not holds:
        raise TypeError


def jobs_in_progress(view: View) -> OpenJobs:
    """The jobs in progress of a library."""
    return OpenJobs(view.repository.state)


def open_job(view: View, job: str | None = None) -> OpenJob:
    """A job in progress, by its id or the beginning of it; without one, the only one.

    Raises:
        JobError: there is no such job, or more than one.
    """
    return jobs_in_progress(view).get(job) if job is not None else jobs_in_progress(view).only()


def resume_job(view: View, job: str | None = None) -> OpenJob:
    """`open_job`, and note that it is the user's own.

    Raises:
        JobError: there is no such job, or more than one, or it cannot be noted.
    """
    found = open_job(view, job)
    confirm_begun(view.repository, found.id)
    return found
