"""What is told of one job, in progress or committed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import Segment, TaskRecords


class JobDescription(Struct, frozen=True):
    """A job, as `tvmgitlib job show` tells it.

    Attributes:
        told: what is known of it, by name; of a job in progress also where its logs are.
        tasks: of a committed one, the effort on each task; None of a job in progress.
    """

    told: dict[str, Any]
    tasks: list[dict[str, Any]] | None = None

    @classmethod
    def of_open(cls, job: OpenJob) -> JobDescription:
        """A job in progress."""
        return cls(
            {
                "job": job.id,
                "state": "open",
                "kind": job.spec.kind,
                "key": job.spec.key,
                "started": job.started,
                "author": job.author,
                "target": job.spec.target,
                "complete_target": job.spec.complete_target,
                "platform": job.spec.platform_name,
                "facts": job.spec.platform_facts,
                "tvm": job.spec.tvm.to_json() if job.spec.tvm else None,
                "tuner": job.spec.tuner,
                "continues": job.continues,
                "log": str(job.log),
                "work_dir": str(job.work_dir),
            }
        )

    @classmethod
    def of_committed(cls, segment: Segment) -> JobDescription:
        """A committed job."""
        header = segment.header
        told = {
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
        }
        return cls(told, [_task(entry) for entry in segment.tasks])

    def to_json(self) -> dict[str, Any]:
        return self.told if self.tasks is None else {**self.told, "tasks": self.tasks}


def _task(entry: TaskRecords) -> dict[str, Any]:
    section, effort = entry.task.section, entry.task.effort
    return {
        "family": section.family,
        "target": section.target.key,
        "platform": section.platform.name,
        "workload": entry.task.workload.text,
        "target_label": section.target.label,
        "workload_label": workload_label(entry.task.workload),
        "workload_id": entry.task.workload.id,
        "trials": effort.trials,
        "configs": effort.configs,
        "failed": effort.failed,
        "errors": effort.errors,
    }
