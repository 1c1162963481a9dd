"""What `job list` and `job show` tell of a job: a JSON document, and the same as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib.cli.context import as_line
from tvmgitlib.cli.tables import table
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
            "kind": job.spec.kind,
            "started": job.started,
            "author": job.author,
            "target": job.spec.target,
            "platform": job.spec.platform,
            "facts": job.spec.facts,
            "tvm": job.spec.tvm.to_json() if job.spec.tvm else None,
            "tuner": job.spec.tuner,
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
    header = ("trials", "configs", "failed", "platform", "workload")
    rows = [
        (*(f"{task[name]:,}" for name in header[:3]), task["platform"], task["workload_label"])
        for task in document.get("tasks", [])
    ]
    tasks = table(rows, header=header, right=(0, 1, 2))
    return "\n\n".join(part for part in (table(told), tasks) if part)


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
