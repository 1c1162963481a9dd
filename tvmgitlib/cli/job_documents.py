"""What `job list` and `job show` tell of a job: a JSON document, and the same as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib.cli.context import as_line
from tvmgitlib.cli.tables import Column, pairs, table
from tvmgitlib.library.reading.labels import workload_label

if TYPE_CHECKING:
    from tvmgitlib.library.jobs.open_jobs import OpenJob
    from tvmgitlib.model.segment import Segment, TaskRecords


class OpenJobAnswer:
    """A job in progress, as an answer."""

    def __init__(self, job: OpenJob) -> None:
        self._job = job

    def to_json(self) -> dict[str, Any]:
        job = self._job
        return {
            "job": job.id,
            "state": "open",
            "kind": job.kind,
            "started": job.started,
            "author": job.author,
            "target": job.target,
            "platform": job.platform,
            "facts": job.facts,
            "tvm": job.tvm.to_json() if job.tvm else None,
            "tuner": job.tuner,
            "log": str(job.log),
            "work_dir": str(job.work_dir),
        }


def committed_job(segment: Segment) -> dict[str, Any]:
    """A committed job, as a JSON document."""
    header = segment.header
    return {
        "job": header.id,
        "state": "committed",
        "kind": header.kind,
        "started": header.started,
        "finished": header.finished,
        "author": header.author,
        "tuner": header.tuner,
        "options": header.options,
        "complete": header.complete,
        "tvm": header.tvm.to_json() if header.tvm.version else None,
        "sources": [source.name for source in header.sources],
        "tasks": [_task(entry) for entry in segment.tasks],
    }


def _task(entry: TaskRecords) -> dict[str, Any]:
    section, effort = entry.task.section, entry.task.effort
    return {
        "family": section.family,
        "target": section.target.key,
        "platform": section.platform.name,
        "workload": entry.task.workload.text,
        "workload_label": workload_label(entry.task.workload),
        "trials": effort.trials,
        "configs": effort.configs,
        "failed": effort.failed,
        "errors": effort.errors,
    }


def as_text(document: dict[str, Any]) -> str:
    """A job's document for people: what is not known is left out."""
    told = [
        (name, _words(value)) for name, value in document.items() if name != "tasks" and value not in (None, [], {})
    ]
    tasks = table(document.get("tasks", []), _COLUMNS)
    return "\n\n".join(part for part in (pairs(told), tasks) if part)


_COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("trials", lambda task: f"{task['trials']:,}", right=True),
    Column("configs", lambda task: f"{task['configs']:,}", right=True),
    Column("failed", lambda task: f"{task['failed']:,}", right=True),
    Column("platform", lambda task: task["platform"]),
    Column("workload", lambda task: task["workload_label"]),
)


def _words(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name}={as_line(member)}" for name, member in value.items())
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
