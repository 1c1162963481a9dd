"""All pages of a site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tvmgitlib.library.reading import BestConfig, ConfigChange
from tvmgitlib.model import TvmVersion
from tvmgitlib.report.gathering import Gathered
from tvmgitlib.report.job import job_report
from tvmgitlib.report.lists import changes_page, coverage_page, jobs_page, workloads_page
from tvmgitlib.report.overview import overview
from tvmgitlib.report.page import JOBS, WORKLOADS, Page, job_page, place_page
from tvmgitlib.report.workload import workload_page

if TYPE_CHECKING:
    from tvmgitlib.live.coverage import Coverage


class Shown(Struct, frozen=True):
    """What a site shows.

    Attributes:
        library: the library.
        best: its best configs, graded where a TVM is meant.
        tvm: the TVM that they are graded for; None for none.
        against: the revision that it is compared with, as the user named it; None where it is not.
        changes: what happened to best configs since then.
        coverage: how much of a model is tuned; None where no model is given.
        model: what the model is called.
    """

    library: Gathered
    best: Sequence[BestConfig]
    tvm: TvmVersion | None = None
    against: str | None = None
    changes: Sequence[ConfigChange] = ()
    coverage: Coverage | None = None
    model: str = "the model"


def paths(shown: Shown) -> set[str]:
    """Where the pages are, without making them."""
    lists = {"index.html", WORKLOADS, JOBS, "changes.html", "coverage.html"}
    places = {place_page(facts.place) for facts in shown.library.places.values()}
    return lists | places | {job_page(job.id) for job in shown.library.jobs}


def pages(shown: Shown) -> Iterator[Page]:
    """The pages, the first one first."""
    library = shown.library
    yield overview(library, shown.best, shown.tvm)
    yield workloads_page(shown.best)
    yield jobs_page(library)
    if shown.against is not None:
        yield changes_page(library, shown.changes, shown.against)
    if shown.coverage is not None:
        yield coverage_page(library, shown.coverage, shown.model)
    best: dict[tuple[str, ...], list[BestConfig]] = {}
    for config in shown.best:
        best.setdefault(config.place.order, []).append(config)
    for key, facts in library.places.items():
        yield workload_page(library, facts, best.get(key, []))
    for job in library.jobs:
        yield job_report(library, job)
