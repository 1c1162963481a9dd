"""The site: every link leads to a page of it, nothing of a library is markup, and nobody's files are lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, LibraryError, TvmgitlibError
from tvmgitlib.report import rendering

#: A page with all that it loads has to stay below (bytes).
_LARGEST = 3_000_000


class Reader(HTMLParser):
    """What a browser would see of a page: elements with their attributes, and the data for its script."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def data(self) -> Any:
        return next(json.loads(text) for text in self.texts if text.startswith('{"tables"'))

    def links(self) -> Iterator[str]:
        for _, attributes in self.elements:
            yield from (str(attributes[name]) for name in ("href", "src") if name in attributes)

    def links_of_tables(self) -> Iterator[str]:
        for table in self.data["tables"].values():
            linked = [at for at, column in enumerate(table["columns"]) if column["linked"]]
            yield from (row[at][1] for row in table["rows"] for at in linked if row[at][1] is not None)


@pytest.fixture
def tools() -> None:
    """What draws reports: CI has it on one Python."""
    for name in ("jinja2", "vl_convert"):
        pytest.importorskip(name)


@pytest.mark.slow
def test_a_site_about_hostile_words_shows_them_and_runs_none(
    hostile: ConfigLibrary, tmp_path: Path, tools: None
) -> None:
    site = tmp_path / "site"
    written = hostile.report(site, against="HEAD~2", tvm="hhb-tvm==0.16.dev0")
    pages = {path.relative_to(site).as_posix(): Reader(path) for path in site.rglob("*.html")}
    assert len(pages) == written.pages == 4 + written.workloads + written.jobs == 4 + 7 + 3
    assert written.largest < _LARGEST
    for name, page in pages.items():
        top = site / name
        for link in page.links():
            target = link.partition("#")[0]
            assert link == "data:," or (top.parent / target).is_file() or not target, (name, link)
        for link in page.links_of_tables():
            assert link.partition("#")[0] in pages, (name, link)
        assert [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "style")] == []
        assert not [word for _, attributes in page.elements for word in attributes if word.startswith("on")]
        assert all("style" not in attributes for _, attributes in page.elements)
        sources = [attributes for tag, attributes in page.elements if tag == "script"]
        assert all("src" in each or each.get("type") == "application/json" for each in sources)
        policy = next(
            each["content"] for _, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"
        )
        assert "unsafe" not in str(policy)
        text = (site / name).read_text(encoding="utf-8")
        assert not set(text) & {"\x00", "\x1b", "\u202e", "\u2028"}, name
        assert "49" not in page.texts
    shown = json.dumps(pages["workloads.html"].data)
    assert "document.title='pwned'" in shown
    assert "\\\\u202eturned" in shown


@pytest.mark.slow
def test_a_folder_with_something_else_is_left_alone_and_an_earlier_report_is_replaced(
    hostile: ConfigLibrary, tmp_path: Path, tools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    folder = tmp_path / "site"
    folder.mkdir()
    mine = folder / "mine.txt"
    mine.write_text("mine")
    with pytest.raises(LibraryError, match="something else than a report"):
        hostile.report(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    mine.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(rendering.Renderer, "html", interrupted)
        with pytest.raises(KeyboardInterrupt):
            hostile.report(folder)
    hostile.report(folder, against="HEAD~1")
    mine.write_text("mine")
    job = folder / f"jobs/{hostile.log()[0].job}.html"
    assert job.exists()
    before = hostile.at("HEAD~1").report(folder)
    assert (before.jobs, mine.read_text()) == (2, "mine")
    assert not job.exists()
    assert not (folder / "changes.html").exists()


def test_without_what_draws_it_says_what_to_install(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    cli("report", "-o", tmp_path / "site")
    assert (cli.code, cli.out) == (4, "")
    assert cli.err == "error: a report needs jinja2, which is not installed\npip install 'tvmgitlib[report]'\n"
    assert not (tmp_path / "site").exists()
    with pytest.raises(TvmgitlibError, match="needs jinja2"):
        ConfigLibrary(cli.library).report(tmp_path / "site")


@pytest.mark.slow
def test_the_command_says_what_it_wrote(cli: Any, tmp_path: Path, tools: None) -> None:
    site = tmp_path / "site"
    told = cli.json("report", "-o", site, "--tvm", "none")
    assert (told["path"], told["pages"], told["jobs"]) == (str(site / "index.html"), 3, 0)
    cli("report", "-o", site, "--tvm", "none")
    assert cli.out == f"Wrote 3 pages about 0 workloads and 0 jobs: {site / 'index.html'}\n"
    assert "No best config yet" in (site / "index.html").read_text()


@pytest.mark.slow
def test_where_no_config_is_left_it_says_why_and_not_how_to_begin(
    library: ConfigLibrary, tmp_path: Path, dense: Path, tools: None
) -> None:
    done = library.import_logs(dense, platform="board")
    assert done.job is not None
    library.revert(done.job)
    site = tmp_path / "site"
    library.report(site)
    page = Reader(site / "index.html")
    assert "No best config is in force" in page.texts
    assert "No best config yet" not in page.texts
    workload = Reader(next((site / "workloads").iterdir()))
    assert "steps" not in workload.data["charts"]  # a picture of one time says nothing
    moments = [text for text in Reader(site / f"jobs/{done.job}.html").texts if text.endswith(" UTC")]
    assert len(moments) == 3
    assert moments[1:] == ["2020-09-13 12:26:40 UTC", "2020-09-13 12:26:43 UTC"]
