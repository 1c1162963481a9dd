"""A job, in progress here or elsewhere, or committed, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tvmgitlib.cli.common import Column, as_line, count, pairs, table
from tvmgitlib.model import rough

if TYPE_CHECKING:
    from tvmgitlib.library.jobs import Claim, JobDescription


def as_text(job: JobDescription) -> str:
    """A job for people: what is not known is left out."""
    told = pairs((name, _words(value)) for name, value in job.told.items() if value not in (None, [], {}))
    tasks = table(job.tasks or [], _COLUMNS)
    return "\n\n".join(part for part in (told, tasks) if part)


def moment(text: str) -> str:
    """A time to the minute: `2026-11-22 13:44 UTC`."""
    return f"{text[:10]} {text[11:16]} UTC"


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

#: What is told of jobs that machines have open and tell the remote of.
SHARED_COLUMNS: tuple[Column[Claim], ...] = (
    Column("job", lambda claim: claim.shared.job.id),
    Column("key", lambda claim: claim.key),
    Column("machine", lambda claim: claim.shared.machine),
    Column("age", lambda claim: rough(claim.age), value=lambda claim: claim.age, right=True),
    count("trials", lambda claim: claim.shared.trials),
    Column("stale", lambda claim: "yes" if claim.is_free else "no"),
    Column("state", lambda claim: claim.shared.state, more=True),
    Column(
        "started",
        lambda claim: moment(claim.shared.job.started),
        value=lambda claim: claim.shared.job.started,
        more=True,
    ),
    Column("target", lambda claim: claim.shared.job.spec.target or "any", more=True),
    Column("platform", lambda claim: claim.shared.job.spec.platform_name or "-", more=True),
    Column("author", lambda claim: claim.shared.job.author, more=True),
    Column("claim", lambda claim: claim.name, more=True),
)
