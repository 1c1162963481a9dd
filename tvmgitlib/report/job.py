"""The page of a job, and of the commit that added it."""

from __future__ import annotations

from typing import Final

from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import canonical_json
from tvmgitlib.report import charts
from tvmgitlib.report.gathering import Gathered, JobFacts, Work
from tvmgitlib.report.page import Page, job_page, place_page
from tvmgitlib.report.tables import Column, table
from tvmgitlib.report.workload import effort_columns

#: How many workloads of one job have their curves on its page; those of the others are on their own.
_MOST_CURVES: Final = 40


def job_report(library: Gathered, job: JobFacts) -> Page:
    """What a job did."""
    header, entry = job.segment.header, job.entry
    facts = [
        ("kind", header.kind),
        ("tuner", header.tuner),
        ("tuned with", str(header.tvm) if header.tvm.version else None),
        ("started", header.started),
        ("finished", header.finished),
        ("complete", None if header.complete else "no: it was interrupted, and finished as it was"),
        ("reason", header.reason),
        ("options", canonical_json(header.options) if header.options else None),
        ("logs", ", ".join(source.name for source in header.sources) or None),
    ]
    invalidations = [
        {"job": each.job, "records": each.records and len(each.records), "reason": each.reason}
        for each in job.segment.invalidations
    ]
    drawn = [(work, work.curve) for work in job.works if work.curve is not None and work.curve.has_success]
    drawn.sort(key=lambda pair: -pair[0].task.effort.trials)
    told = {
        "job": job.id,
        "subject": job.subject,
        "entry": entry,
        "facts": [(name, value) for name, value in facts if value is not None],
        "reverts": header.reverts,
        "invalidations": invalidations,
        "known": library.by_id.keys(),
        "others": max(len(drawn) - _MOST_CURVES, 0),
        "in_order": any(curve.in_order for _, curve in drawn),
    }
    columns: tuple[Column[Work], ...] = (
        Column("workload", "label", lambda work: workload_label(work.task.workload), _page_of),
        Column("its best", "seconds", lambda work: work.cost, _page_of),
        *effort_columns(),
        Column("platform", "text", lambda work: work.task.section.platform.name),
        Column("target", "text", lambda work: work.task.section.target.label),
        Column("family", "text", lambda work: work.task.section.family),
    )
    pictures = [
        (workload_label(work.task.workload), charts.curve([(job.id[:8], curve)]))
        for work, curve in drawn[:_MOST_CURVES]
    ]
    return Page(
        job_page(job.id),
        "job.html",
        f"Job {job.id[:8]}",
        told,
        {"works": table(job.works, columns)},
        {"curves": pictures} if pictures else {},
    )


def _page_of(work: Work) -> str:
    return place_page(work.task.place)
