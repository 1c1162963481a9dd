"""The pages that list everything: the best configs, the jobs, what changed, and the tasks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tvmgitlib.library.reading import GRADES, BestConfig, ConfigChange, counts_by_kind
from tvmgitlib.report.gathering import UNKNOWN, Gathered, JobFacts
from tvmgitlib.report.page import JOBS, WORKLOADS, Page, commit_of, job_page, parts_of, place_page
from tvmgitlib.report.tables import Column, table

if TYPE_CHECKING:
    from tvmgitlib.live.coverage import Coverage, TaskCoverage

#: What a best config is to a build, from the best to the worst.
STATES: Final = (GRADES[0], "slower", *GRADES[1:], "not graded")


def state_of(config: BestConfig) -> str:
    """What a best config is to a build."""
    if config.is_slower and config.grade in (None, "exact"):
        return "slower"
    return config.grade or "not graded"


def workloads_page(best: Sequence[BestConfig]) -> Page:
    """The best configs."""
    return Page(WORKLOADS, "workloads.html", "Workloads", tables={"workloads": table(best, _BEST)})


def jobs_page(library: Gathered) -> Page:
    """The jobs, newest first."""
    return Page(JOBS, "jobs.html", "Jobs", tables={"jobs": table(reversed(library.jobs), _JOBS)})


def changes_page(library: Gathered, changes: Sequence[ConfigChange], against: str) -> Page:
    """What happened to the best configs since a revision, whose own jobs and workloads may have no page.

    Args:
        library: the library as it is shown.
        changes: what happened.
        against: the revision.
    """
    places = {facts.place.order for facts in library.places.values()}

    def workload(change: ConfigChange) -> str | None:
        return place_page(change.place) if change.place.order in places else None

    def job(id: str | None) -> str | None:
        return job_page(id) if id in library.by_id else None

    columns: tuple[Column[ConfigChange], ...] = (
        Column("workload", "label", lambda change: change.workload_label, workload),
        Column("change", "grade", lambda change: change.kind),
        Column("ratio", "factor", lambda change: change.ratio),
        Column("before", "seconds", lambda change: change.old, lambda change: job(change.old_job)),
        Column("after", "seconds", lambda change: change.new, lambda change: job(change.new_job)),
        Column("platform", "text", lambda change: change.platform),
        Column("target", "text", lambda change: change.target_label),
        Column("family", "text", lambda change: change.family),
        Column(
            "job",
            "id",
            lambda change: change.new_job or change.old_job,
            lambda change: job(change.new_job or change.old_job),
        ),
    )
    differing = [change for change in changes if change.differs]
    told = {"against": against, "counts": counts_by_kind(changes)}
    return Page("changes.html", "changes.html", "Changes", told, {"changes": table(differing, columns)})


def coverage_page(library: Gathered, coverage: Coverage, model: str) -> Page:
    """How much of a model is tuned.

    Args:
        library: the library.
        coverage: what it has for the model's tasks.
        model: what the model is called.
    """
    latency = coverage.latency
    known = {
        (place.family, place.target.key, place.platform, place.workload.text): place_page(place)
        for place in (facts.place for facts in library.places.values())
    }

    def page(task: TaskCoverage) -> str | None:
        return known.get((task.family, task.target, task.platform or "", task.workload))

    columns: tuple[Column[TaskCoverage], ...] = (
        Column("workload", "label", lambda task: task.workload_label, page),
        Column("state", "grade", lambda task: task.state),
        Column("estimate", "seconds", lambda task: task.estimate),
        Column("times", "count", lambda task: task.weight),
        Column("share", "percent", lambda task: task.share_of(latency)),
        Column("trials", "count", lambda task: task.trials),
        Column("platform", "text", lambda task: task.platform),
        Column(
            "why",
            "text",
            lambda task: None if task.is_covered else task.why,
            when=lambda tasks: not all(task.is_covered for task in tasks),
        ),
    )
    told = {"model": model, "line": coverage.line, "states": parts_of(coverage.counts)}
    return Page("coverage.html", "coverage.html", "Coverage", told, {"tasks": table(coverage.tasks, columns)})


def _tuner(job: JobFacts) -> str | None:
    return job.segment.header.tuner


_BEST: Final[tuple[Column[BestConfig], ...]] = (
    Column("workload", "label", lambda config: config.workload_label, lambda config: place_page(config.place)),
    Column("time", "seconds", lambda config: config.cost, lambda config: job_page(config.job)),
    Column("speed-up", "factor", lambda config: config.speedup, when=lambda all: any(each.speedup for each in all)),
    Column("grade", "grade", state_of, when=lambda all: any(state_of(each) != "not graded" for each in all)),
    Column("platform", "text", lambda config: config.platform),
    Column("target", "text", lambda config: config.target_label),
    Column("family", "text", lambda config: config.family, when=lambda all: len({each.family for each in all}) > 1),
    Column(
        "tuned with",
        "text",
        lambda config: str(config.tuned_with),
        when=lambda all: len({each.tuned_with for each in all}) > 1,
    ),
    Column("trials", "count", lambda config: config.trials),
    Column("finished", "date", lambda config: config.finished),
    Column("job", "id", lambda config: config.job, lambda config: job_page(config.job)),
)


_JOBS: Final[tuple[Column[JobFacts], ...]] = (
    Column("job", "id", lambda job: job.id, lambda job: job_page(job.id)),
    Column("what it did", "text", lambda job: job.subject, lambda job: job_page(job.id)),
    Column("kind", "text", lambda job: job.segment.header.kind),
    Column("tuner", "text", lambda job: job.segment.header.tuner, when=lambda all: any(_tuner(job) for job in all)),
    Column("workloads", "count", lambda job: len(job.works)),
    Column("trials", "count", lambda job: job.trials),
    Column("author", "text", lambda job: job.author or UNKNOWN),
    Column("date", "date", lambda job: job.date),
    Column("commit", "id", lambda job: job.commit, lambda job: commit_of(job.id)),
)

#: Of a job in a short list.
RECENT: Final = tuple(column for column in _JOBS if column.name in ("what it did", "trials", "author", "date", "job"))
