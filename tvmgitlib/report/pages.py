"""The pages of a site: what each is called, and what is on it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tvmgitlib.library.reading import BestConfig, ConfigChange, counts_by_kind, workload_label
from tvmgitlib.model import Place, TvmVersion, canonical_json, duration
from tvmgitlib.report import charts
from tvmgitlib.report.curves import Curve
from tvmgitlib.report.gathering import Gathered, JobFacts, PlaceFacts, Work, people
from tvmgitlib.report.tables import Column, table
from tvmgitlib.report.timeline import Step

if TYPE_CHECKING:
    from tvmgitlib.live.coverage import Coverage, TaskCoverage

#: How many tasks of one job have their curves on the job's page; those of others are on their workloads'.
_MOST_CURVES: Final = 40

#: How many jobs the first page names.
_MOST_RECENT: Final = 8

#: How many targets stand beside each other, in a table of targets and platforms.
_MOST_COLUMNS: Final = 5

#: What a best config is, from the best to the worst.
_STATES: Final = ("exact", "slower", "stale", "incompatible", "invalidated", "not graded")


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        path: where it is below the top of the site.
        template: what it is made from.
        title: what it is called.
        told: what the template says.
        tables: its tables, by the names that the template knows.
        charts: its pictures, by such names too; where there are several of one thing, each with what it is called.
    """

    path: str
    template: str
    title: str
    told: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    charts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a site shows.

    Attributes:
        library: the library.
        best: its best configs, graded where a TVM is meant.
        tvm: the TVM that they are graded for; None for none.
        against: the revision that it is compared with, as the user named it; None where it is not.
        changes: what happened to best configs since then.
        coverage: how much of a model is tuned; None where no model is given.
        model: the model, as the user named it.
    """

    library: Gathered
    best: Sequence[BestConfig]
    tvm: TvmVersion | None = None
    against: str | None = None
    changes: Sequence[ConfigChange] = ()
    coverage: Coverage | None = None
    model: str | None = None


def place_page(place: Place) -> str:
    """The page of a workload on a target and platform."""
    digest = hashlib.sha256("\0".join(place.order).encode(errors="surrogatepass")).hexdigest()
    return f"workloads/{place.workload.id}-{digest[:8]}.html"


def job_page(job: str) -> str:
    """The page of a job, which is that of its commit too."""
    return f"jobs/{job}.html"


def pages(shown: Shown) -> Iterator[Page]:
    """All pages of a site."""
    states = Counter(map(_state, shown.best))
    yield _overview(shown, states)
    yield Page("workloads.html", "workloads.html", "Workloads", tables={"workloads": _best_table(shown.best)})
    yield Page("jobs.html", "jobs.html", "Jobs", tables={"jobs": _jobs_table(reversed(shown.library.jobs))})
    if shown.against is not None:
        differing = [change for change in shown.changes if change.differs]
        told = {"against": shown.against, "counts": counts_by_kind(shown.changes)}
        yield Page("changes.html", "changes.html", "Changes", told, {"changes": table(differing, _CHANGES)})
    if shown.coverage is not None:
        told = {"model": shown.model, "line": shown.coverage.line, "states": _parts(shown.coverage.counts)}
        yield Page("coverage.html", "coverage.html", "Coverage", told, {"tasks": _coverage_table(shown)})
    best: dict[tuple[str, ...], list[BestConfig]] = {}
    for config in shown.best:
        best.setdefault(config.place.order, []).append(config)
    for key, facts in shown.library.places.items():
        yield _workload(shown.library, facts, best.get(key, []))
    for job in shown.library.jobs:
        yield _job(shown.library, job)


# The pages of the whole library


def _overview(shown: Shown, states: Counter[str]) -> Page:
    library = shown.library
    places = [facts.place for facts in library.places.values()]
    told = {
        "tiles": [
            _tile("best config", "best configs", len(shown.best), "workloads.html"),
            _tile("workload", "workloads", len({(place.family, place.workload.text) for place in places})),
            _tile("target", "targets", len({place.target.key for place in places})),
            _tile("platform", "platforms", len({place.platform for place in places})),
            _tile("job", "jobs", len(library.jobs), "jobs.html"),
            _tile("person", "people", len({_author(job) for job in library.jobs} - {None})),
            _tile("trial", "trials", sum(job.trials for job in library.jobs)),
        ],
        "tvm": str(shown.tvm) if shown.tvm else None,
        "states": _parts({state: states[state] for state in _STATES if states[state]}),
    }
    recent = list(reversed(library.jobs))[:_MOST_RECENT]
    tables = {
        "recent": table(recent, _RECENT),
        "people": table(people(library), _PEOPLE),
        "places": _places(shown.best),
    }
    grown = _growth(library)
    return Page("index.html", "index.html", "Overview", told, tables, {"growth": charts.growth(grown)} if grown else {})


def _tile(one: str, many: str, number: int, page: str | None = None) -> tuple[str, int, str | None]:
    return (one if number == 1 else many, number, page)


def _parts(counts: Mapping[str, int]) -> list[tuple[str, int, float, float]]:
    """Counts as parts of a bar: name, count, where it begins and how long it is, in hundredths."""
    whole, begin, found = sum(counts.values()), 0.0, []
    for name, count in counts.items():
        length = 100 * count / whole if whole else 0.0
        found.append((name, count, round(begin, 3), round(length, 3)))
        begin += length
    return found


def _growth(library: Gathered) -> list[dict[str, Any]]:
    """How many workloads had a best config, each on every target and platform, after every job that changed that."""
    change: Counter[str] = Counter()
    for facts in library.places.values():
        leading: set[str] = set()
        for step in facts.steps:
            had = bool(leading)
            leading = leading | {step.tvm} if step.cost is not None else leading - {step.tvm}
            change[step.job] += bool(leading) - had
    found: list[dict[str, Any]] = []
    configs = 0
    for job in library.jobs:
        configs += change[job.id]
        if job.date is not None and change[job.id]:
            found.append({"date": job.date, "configs": configs})
    return found if len(found) > 1 else []


def _places(best: Sequence[BestConfig]) -> dict[str, Any]:
    """How many workloads each platform has for each target."""
    counts = Counter((config.platform, config.place.target.label) for config in best)
    targets = sorted({target for _, target in counts})
    if not 1 < len(targets) <= _MOST_COLUMNS:
        return table(sorted(counts.items()), _PAIRS)
    columns: list[Column[str]] = [Column("platform", "text", lambda platform: platform)]
    columns += [
        Column(
            target,
            "count",
            lambda platform, target=target: counts[platform, target] or None,  # type: ignore[misc]
            lambda platform, target=target: _filtered(platform=platform, target=target),  # type: ignore[misc]
        )
        for target in targets
    ]
    return table(sorted({platform for platform, _ in counts}), columns)


def _filtered(**values: str) -> str:
    """The list of workloads with only those of which this is so."""
    from urllib.parse import quote

    words = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in values.items())
    return f"workloads.html#{words}"


def _state(config: BestConfig) -> str:
    if config.is_slower and config.grade in (None, "exact"):
        return "slower"
    return config.grade or "not graded"


def _best_table(best: Sequence[BestConfig]) -> dict[str, Any]:
    return table(best, _BEST)


_BEST: Final[tuple[Column[BestConfig], ...]] = (
    Column("workload", "label", lambda config: config.workload_label, lambda config: place_page(config.place)),
    Column("time", "seconds", lambda config: config.cost, lambda config: job_page(config.job)),
    Column("speed-up", "factor", lambda config: config.speedup, when=lambda all: any(each.speedup for each in all)),
    Column("grade", "grade", _state, when=lambda all: any(_state(each) != "not graded" for each in all)),
    Column("platform", "text", lambda config: config.platform),
    Column("target", "text", lambda config: config.target_label),
    Column("family", "text", lambda config: config.family),
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


def _jobs_table(jobs: Iterable[JobFacts]) -> dict[str, Any]:
    return table(jobs, _JOBS)


_JOBS: Final[tuple[Column[JobFacts], ...]] = (
    Column("job", "id", lambda job: job.id, lambda job: job_page(job.id)),
    Column("what it did", "text", lambda job: _subject(job), lambda job: job_page(job.id)),
    Column("kind", "text", lambda job: job.segment.header.kind),
    Column("tuner", "text", lambda job: job.segment.header.tuner, when=lambda all: any(_tuner(job) for job in all)),
    Column("workloads", "count", lambda job: len(job.works)),
    Column("trials", "count", lambda job: job.trials),
    Column("author", "text", lambda job: _author(job)),
    Column("date", "date", lambda job: job.date),
    Column("commit", "id", lambda job: job.entry and job.entry.commit, lambda job: f"{job_page(job.id)}#commit"),
)


_RECENT: Final = tuple(column for column in _JOBS if column.name in ("what it did", "trials", "author", "date", "job"))


def _tuner(job: JobFacts) -> str | None:
    return job.segment.header.tuner


def _subject(job: JobFacts) -> str:
    return (job.entry.subject if job.entry else None) or job.segment.header.kind


def _author(job: JobFacts | None) -> str | None:
    return job.entry.author if job is not None and job.entry is not None else None


_PEOPLE: Final[tuple[Column[tuple[str, int, int, str | None]], ...]] = (
    Column("who", "text", lambda person: person[0], lambda person: _jobs_of(person[0])),
    Column("jobs", "count", lambda person: person[1]),
    Column("trials", "count", lambda person: person[2]),
    Column("last", "date", lambda person: person[3]),
)


def _jobs_of(author: str) -> str:
    return _filtered(author=author).replace("workloads.html", "jobs.html")


_PAIRS: Final[tuple[Column[tuple[tuple[str, str], int]], ...]] = (
    Column("platform", "text", lambda pair: pair[0][0]),
    Column("target", "text", lambda pair: pair[0][1]),
    Column("workloads", "count", lambda pair: pair[1], lambda pair: _filtered(platform=pair[0][0], target=pair[0][1])),
)

_CHANGES: Final[tuple[Column[ConfigChange], ...]] = (
    Column("workload", "label", lambda change: change.workload_label, lambda change: place_page(change.place)),
    Column("change", "grade", lambda change: change.kind),
    Column("ratio", "factor", lambda change: change.ratio),
    Column("before", "seconds", lambda change: change.old, lambda change: change.old_job and job_page(change.old_job)),
    Column("after", "seconds", lambda change: change.new, lambda change: change.new_job and job_page(change.new_job)),
    Column("platform", "text", lambda change: change.platform),
    Column("target", "text", lambda change: change.target_label),
    Column("family", "text", lambda change: change.family),
    Column(
        "job",
        "id",
        lambda change: change.new_job or change.old_job,
        lambda change: job_page(change.new_job or change.old_job or ""),
    ),
)


def _coverage_table(shown: Shown) -> dict[str, Any]:
    coverage = shown.coverage
    assert coverage is not None
    latency = coverage.latency
    known = {
        (place.family, place.target.key, place.platform, place.workload.text): place_page(place)
        for place in (facts.place for facts in shown.library.places.values())
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
        Column("why", "text", lambda task: None if task.is_covered else task.why),
    )
    return table(coverage.tasks, columns)


# The page of a workload


def _workload(library: Gathered, facts: PlaceFacts, best: Sequence[BestConfig]) -> Page:
    place = facts.place
    told = {
        "place": place,
        "best": [
            {
                "time": duration(config.cost),
                "tvm": str(config.tuned_with),
                "job": config.job,
                "state": _state(config),
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
    if len(points) > 1:
        pictures["steps"] = charts.over_time(points)
    curves = [(work.job[:8], work.curve) for work in facts.works if work.curve is not None]
    for name, in_order in (("whole", True), ("kept", False)):
        of_kind = [(job, curve) for job, curve in curves if curve.in_order is in_order and _has_success(curve)]
        if of_kind:
            pictures[name] = charts.curve(of_kind[-charts.MOST_SERIES :])
    return Page(place_page(place), "workload.html", workload_label(place.workload), told, tables, pictures)


def _has_success(curve: Curve) -> bool:
    return any(cost is not None for _, cost in curve.points)


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
                "by": _author(job) or "unknown",
                "href": f"../{job_page(step.job)}",
            }


def _steps(library: Gathered, steps: Sequence[Step]) -> dict[str, Any]:
    columns: tuple[Column[Step], ...] = (
        Column("date", "date", lambda step: library.by_id[step.job].date),
        Column("best", "seconds", lambda step: step.cost, lambda step: job_page(step.job)),
        Column("ratio", "factor", lambda step: step.before / step.cost if step.before and step.cost else None),
        Column("kind", "text", lambda step: library.by_id[step.job].segment.header.kind),
        Column("tuned with", "text", lambda step: step.tvm, when=lambda all: len({each.tvm for each in all}) > 1),
        Column("author", "text", lambda step: _author(library.by_id[step.job])),
        Column("job", "id", lambda step: step.job, lambda step: job_page(step.job)),
        Column("commit", "id", lambda step: _commit(library, step.job), lambda step: f"{job_page(step.job)}#commit"),
    )
    return table(reversed(steps), columns)


def _works(library: Gathered, works: Sequence[Work]) -> dict[str, Any]:
    columns: tuple[Column[Work], ...] = (
        Column("job", "id", lambda work: work.job, lambda work: job_page(work.job)),
        Column("date", "date", lambda work: library.by_id[work.job].date),
        Column("its best", "seconds", lambda work: work.cost, lambda work: job_page(work.job)),
        *_effort_columns(),
        Column("tuned with", "text", lambda work: str(work.task.section.tuned_with)),
        Column("author", "text", lambda work: _author(library.by_id[work.job])),
        Column("standing", "grade", lambda work: _standing(library.by_id[work.job])),
    )
    return table(reversed(works), columns)


def _effort_columns() -> tuple[Column[Work], ...]:
    return (
        Column("untuned", "seconds", lambda work: work.task.baseline, when=lambda all: any(map(_untuned, all))),
        Column("trials", "count", lambda work: work.task.effort.trials),
        Column("failed", "count", lambda work: work.task.effort.failed),
    )


def _untuned(work: Work) -> bool:
    return work.task.baseline is not None


def _standing(job: JobFacts) -> str:
    return "reverted" if job.entry is not None and job.entry.reverted else "counts"


def _commit(library: Gathered, job: str) -> str | None:
    entry = library.by_id[job].entry
    return entry.commit if entry else None


# The page of a job


def _job(library: Gathered, job: JobFacts) -> Page:
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
    told = {
        "job": job.id,
        "subject": _subject(job),
        "entry": entry,
        "facts": [(name, value) for name, value in facts if value is not None],
        "reverts": header.reverts,
        "invalidations": invalidations,
        "known": library.by_id.keys(),
        "curves": [],
    }
    columns: tuple[Column[Work], ...] = (
        Column("workload", "label", lambda work: workload_label(work.task.workload), _page_of),
        Column("its best", "seconds", lambda work: work.cost, _page_of),
        *_effort_columns(),
        Column("platform", "text", lambda work: work.task.section.platform.name),
        Column("target", "text", lambda work: work.task.section.target.label),
        Column("family", "text", lambda work: work.task.section.family),
    )
    drawn = [work for work in job.works if work.curve is not None and _has_success(work.curve)]
    drawn.sort(key=lambda work: -work.task.effort.trials)
    told["others"] = max(len(drawn) - _MOST_CURVES, 0)
    pictures = [
        (workload_label(work.task.workload), charts.curve([(job.id[:8], work.curve)]))
        for work in drawn[:_MOST_CURVES]
        if work.curve is not None
    ]
    told["in_order"] = any(work.curve is not None and work.curve.in_order for work in drawn)
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
