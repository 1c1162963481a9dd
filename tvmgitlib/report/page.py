"""A page of a site, and the addresses of pages: all are relative, so that a site works wherever it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct, field

from tvmgitlib.model import Place, plain_line

#: The pages that list everything.
WORKLOADS: Final = "workloads.html"
JOBS: Final = "jobs.html"


class Page(Struct, frozen=True):
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


def place_page(place: Place) -> str:
    """The page of a workload on a target and platform."""
    digest = hashlib.sha256("\0".join(place.order).encode(errors="surrogatepass")).hexdigest()
    return f"workloads/{place.workload.id}-{digest[:8]}.html"


def job_page(job: str) -> str:
    """The page of a job, which is that of its commit too."""
    return f"jobs/{job}.html"


def commit_of(job: str) -> str:
    """Where the page of a job names its commit."""
    return f"{job_page(job)}#commit"


def filtered(page: str, **values: str) -> str:
    """A page with only those rows of its table of which this is so, by column."""
    words = "&".join(f"{name}={quote(plain_line(value), safe='', errors='replace')}" for name, value in values.items())
    return f"{page}#{words}"


def parts_of(counts: Mapping[str, int]) -> list[tuple[str, int, float, float]]:
    """Counts as parts of a bar: name, count, where it begins and how long it is, in hundredths; of none no part."""
    whole, begin, found = sum(counts.values()), 0.0, []
    for name, count in counts.items():
        if not count:
            continue
        length = 100 * count / whole
        found.append((name, count, round(begin, 3), round(length, 3)))
        begin += length
    return found
