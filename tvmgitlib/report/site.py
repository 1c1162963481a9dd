"""A site in a folder: its pages, and the files that they share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib._version import __version__
from tvmgitlib.model import LibraryError, TvmgitlibError, counted
from tvmgitlib.report.pages import Shown, pages, paths
from tvmgitlib.report.rendering import Renderer

#: What is in the folder of a site and nowhere else: which files are its own.
MANIFEST: Final = "report.json"

_TOOLS: Final = ("jinja2", "vl_convert")
_CHARTS: Final = "assets/charts.js"
_ASSETS: Final = ("report.css", "report.js")


class Report(Struct, frozen=True):
    """A site that was written.

    Attributes:
        path: its first page.
        pages: how many pages it has.
        largest: the size of the largest page with all that it loads, in bytes.
        workloads, jobs: how many workloads (each on a target and platform) and jobs have a page.
        commit: the commit of the library that it shows.
    """

    path: Path
    pages: int
    largest: int
    workloads: int
    jobs: int
    commit: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"path": str(self.path)}


def require_tools() -> None:
    """See that what draws reports is installed.

    Raises:
        TvmgitlibError: it is not.
    """
    try:
        for name in _TOOLS:
            import_module(name)
    except ImportError as error:
        raise TvmgitlibError(
            f"a report needs {error.name}, which is not installed", hint="pip install 'tvmgitlib[report]'"
        ) from None


def write(shown: Shown, folder: Path) -> Report:
    """Write a site. The files of an earlier one in the folder are replaced, those that it no longer has are removed.

    Raises:
        LibraryError: the folder holds something else.
        OSError: it cannot be written.
    """
    require_tools()
    before = own_files(folder)
    library = shown.library
    renderer = Renderer(
        {
            "library": library.name,
            "commit": library.commit,
            "version": __version__,
            "has_changes": shown.against is not None,
            "has_coverage": shown.coverage is not None,
        }
    )
    shared = {name: _asset(name) for name in _ASSETS}
    bundle = _charts()
    files = {**{f"assets/{name}": text for name, text in shared.items()}, _CHARTS: bundle}
    sizes = {name: len(text.encode()) for name, text in files.items()}
    for name in sorted({path.rpartition("/")[0] for path in ("workloads/", "jobs/", "assets/", "")}):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    # First: an interrupted one leaves nothing that the next takes for somebody else's.
    _note(folder, library.commit, before | set(files) | paths(shown))
    written, largest = list(files), 0
    for page in counted("writing pages", pages(shown), 3 + len(library.places) + len(library.jobs)):
        content = renderer.html(page).encode(errors="backslashreplace")
        (folder / page.path).write_bytes(content)
        written.append(page.path)
        loaded = sum(sizes.values()) if page.charts else sum(sizes.values()) - sizes[_CHARTS]
        largest = max(largest, len(content) + loaded)
    for name in before - set(written):
        (folder / name).unlink(missing_ok=True)
    _note(folder, library.commit, written)
    return Report(
        path=folder / "index.html",
        pages=len(written) - len(files),
        largest=largest,
        workloads=len(library.places),
        jobs=len(library.jobs),
        commit=library.commit,
    )


def _note(folder: Path, commit: str | None, files: Iterable[str]) -> None:
    """Write down which files are the site's."""
    manifest = {"tvmgitlib": __version__, "commit": commit, "files": sorted(files)}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def own_files(folder: Path) -> set[str]:
    """The files of the site that is in a folder, but those that every site has.

    Raises:
        LibraryError: what is there is no site.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return set()
    try:
        names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        own = {name for name in names if name.split("/")[0] in ("workloads", "jobs") and ".." not in name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LibraryError(
            "this folder holds something else than a report",
            file=str(folder),
            hint="Name one that does not exist yet, or is empty, or holds an earlier report.",
        ) from None
    return own | {name for name in ("changes.html", "coverage.html") if name in names}


def _asset(name: str) -> str:
    return (resources.files("tvmgitlib.report") / "assets" / name).read_text(encoding="utf-8")


@cache
def _charts() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, the same for every site; to join them takes seconds."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
