"""The first page of a site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from tvmgitlib.library.reading import BestConfig
from tvmgitlib.model import TvmVersion
from tvmgitlib.report import charts
from tvmgitlib.report.gathering import Gathered, people
from tvmgitlib.report.lists import RECENT, STATES, state_of
from tvmgitlib.report.page import JOBS, WORKLOADS, Page, filtered, parts_of
from tvmgitlib.report.tables import Column, table

#: How many jobs it names.
_MOST_RECENT: Final = 8

#: How many targets stand beside each other, in a table of targets and platforms.
_MOST_COLUMNS: Final = 5


def overview(library: Gathered, best: Sequence[BestConfig], tvm: TvmVersion | None) -> Page:
    """The first page: how much there is of everything, and how far it holds."""
    states = Counter(map(state_of, best))
    places = [facts.place for facts in library.places.values()]
    told = {
        "tiles": [
            _tile("best config", "best configs", len(best), WORKLOADS),
            _tile("workload", "workloads", len({(place.family, place.workload.text) for place in places})),
            _tile("target", "targets", len({place.target.key for place in places})),
            _tile("platform", "platforms", len({place.platform for place in places})),
            _tile("job", "jobs", len(library.jobs), JOBS),
            _tile("person", "people", len({job.author for job in library.jobs} - {None})),
            _tile("trial", "trials", sum(job.trials for job in library.jobs)),
        ],
        "has_jobs": bool(library.jobs),
        "tvm": str(tvm) if tvm else None,
        "states": parts_of({state: states[state] for state in STATES}),
    }
    recent = list(reversed(library.jobs))[:_MOST_RECENT]
    tables = {
        "recent": table(recent, RECENT),
        "people": table(people(library), _PEOPLE),
        "places": _places(best),
    }
    grown = _growth(library)
    return Page("index.html", "index.html", "Overview", told, tables, {"growth": charts.growth(grown)} if grown else {})


def _tile(one: str, many: str, number: int, page: str | None = None) -> tuple[str, int, str | None]:
    return (one if number == 1 else many, number, page)


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
    if len(found) < 2:
        return []
    return [*found, {"date": library.jobs[-1].date, "configs": configs}] if library.jobs[-1].date else found


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
            lambda platform, target=target: filtered(WORKLOADS, platform=platform, target=target),  # type: ignore[misc]
        )
        for target in targets
    ]
    return table(sorted({platform for platform, _ in counts}), columns)


_PEOPLE: Final[tuple[Column[tuple[str, int, int, str | None]], ...]] = (
    Column("who", "text", lambda person: person[0], lambda person: filtered(JOBS, author=person[0])),
    Column("jobs", "count", lambda person: person[1]),
    Column("trials", "count", lambda person: person[2]),
    Column("last", "date", lambda person: person[3]),
)

_PAIRS: Final[tuple[Column[tuple[tuple[str, str], int]], ...]] = (
    Column("platform", "text", lambda pair: pair[0][0]),
    Column("target", "text", lambda pair: pair[0][1]),
    Column(
        "best configs",
        "count",
        lambda pair: pair[1],
        lambda pair: filtered(WORKLOADS, platform=pair[0][0], target=pair[0][1]),
    ),
)
