"""A job, in progress or committed, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib.cli.common import Column, as_line, pairs, table

if TYPE_CHECKING:
    from tvmgitlib.library.jobs import JobDescription


def as_text(job: JobDescription) -> str:
    """A job for people: what is not known is left out."""
    told = pairs((name, _words(value)) for name, value in job.told.items() if value not in (None, [], {}))
    tasks = table(job.tasks or [], _COLUMNS)
    return "\n\n".join(part for part in (told, tasks) if part)


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


_COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("trials", lambda task: f"{task['trials']:,}", right=True),
    Column("configs", lambda task: f"{task['configs']:,}", right=True),
    Column("failed", lambda task: f"{task['failed']:,}", right=True),
    Column("platform", lambda task: task["platform"]),
    Column("workload", lambda task: task["workload_label"], ident=lambda task: task["workload_id"]),
)
