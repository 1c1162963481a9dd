"""The page of a workload on a target and platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tvmgitlib.library.reading import BestConfig, workload_label
from tvmgitlib.model import duration
from tvmgitlib.report import charts
from tvmgitlib.report.gathering import Gathered, JobFacts, PlaceFacts, Work
from tvmgitlib.report.lists import state_of
from tvmgitlib.report.page import Page, commit_of, job_page, place_page
from tvmgitlib.report.tables import Column, table
from tvmgitlib.report.timeline import Step


def workload_page(library: Gathered, facts: PlaceFacts, best: Sequence[BestConfig]) -> Page:
    """What is known of a workload on a target and platform.

    Args:
        library: the library.
        facts: the workload.
        best: its best configs, one for each TVM that is told apart.
    """
    place = facts.place
    told = {
        "place": place,
        "best": [
            {
                "time": duration(config.cost),
                "tvm": str(config.tuned_with),
                "job": config.job,
                "state": state_of(config),
                "why": config.why if config.grade else None,
                "speedup": config.speedup,
                "untuned": duration(config.baseline) if config.baseline is not None else None,
            }
            for config in best
        ],
    }
    tables = {"steps": _steps(library, facts.steps), "works": _works(library, facts.works)}
    pictures: dict[str, Any] = {}
    points = list(_points(library, facts.steps))
    if sum(point["cost"] is not None for point in points) > 1:
        pictures["steps"] = charts.over_time(points)
    curves = [(work.job[:8], work.curve) for work in facts.works if work.curve is not None]
    for name, in_order in (("whole", True), ("kept", False)):
        of_kind = [(job, curve) for job, curve in curves if curve.in_order is in_order and curve.has_success]
        if of_kind:
            pictures[name] = charts.curve(of_kind[-charts.MOST_SERIES :])
    return Page(place_page(place), "workload.html", workload_label(place.workload), told, tables, pictures)


def _points(library: Gathered, steps: Iterable[Step]) -> Iterator[dict[str, Any]]:
    for step in steps:
        job = library.by_id[step.job]
        if job.date is not None:
            yield {
                "date": job.date,
                "day": job.date[:10],
                "cost": step.cost,
                "tvm": step.tvm,
                "job": step.job[:8],
                "by": job.author or "unknown",
                "href": f"../{job_page(step.job)}",
            }


def _steps(library: Gathered, steps: Sequence[Step]) -> dict[str, Any]:
    columns: tuple[Column[Step], ...] = (
        Column("date", "date", lambda step: library.by_id[step.job].date),
        Column("best", "seconds", lambda step: step.cost, lambda step: job_page(step.job)),
        Column("ratio", "factor", lambda step: step.before / step.cost if step.before and step.cost else None),
        Column("kind", "text", lambda step: library.by_id[step.job].segment.header.kind),
        Column("tuned with", "text", lambda step: step.tvm, when=lambda all: len({each.tvm for each in all}) > 1),
        Column("author", "text", lambda step: library.by_id[step.job].author),
        Column("job", "id", lambda step: step.job, lambda step: job_page(step.job)),
        Column("commit", "id", lambda step: library.by_id[step.job].commit, lambda step: commit_of(step.job)),
    )
    return table(reversed(steps), columns)


def _works(library: Gathered, works: Sequence[Work]) -> dict[str, Any]:
    columns: tuple[Column[Work], ...] = (
        Column("job", "id", lambda work: work.job, lambda work: job_page(work.job)),
        Column("date", "date", lambda work: library.by_id[work.job].date),
        Column("its best", "seconds", lambda work: work.cost, lambda work: job_page(work.job)),
        *effort_columns(),
        Column("tuned with", "text", lambda work: str(work.task.section.tuned_with)),
        Column("author", "text", lambda work: library.by_id[work.job].author),
        Column("standing", "grade", lambda work: _standing(library.by_id[work.job])),
    )
    return table(reversed(works), columns)


def _standing(job: JobFacts) -> str:
    return "reverted" if job.entry is not None and job.entry.reverted else "counts"


def effort_columns() -> tuple[Column[Work], ...]:
    """What a job spent on a workload."""
    return (
        Column("untuned", "seconds", lambda work: work.task.baseline, when=lambda all: any(map(_untuned, all))),
        Column("trials", "count", lambda work: work.task.effort.trials),
        Column("failed", "count", lambda work: work.task.effort.failed),
    )


def _untuned(work: Work) -> bool:
    return work.task.baseline is not None
