"""The pages that list everything: what each row says, and where it leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.reading import GRADES
from tvmgitlib.live.coverage import Coverage, TaskCoverage
from tvmgitlib.model import TvmVersion
from tvmgitlib.report import lists
from tvmgitlib.report.gathering import Gathered, PlaceFacts
from tvmgitlib.report.lists import STATES, changes_page, coverage_page
from tvmgitlib.report.page import filtered, parts_of, place_page


def test_coverage_leads_to_the_workloads_that_the_library_has(build: Any) -> None:
    place = build.segment(1, [build.record(1)]).tasks[0].task.place
    library = Gathered("kernels", "0" * 40, (), {place.order: PlaceFacts(place, (), ())})

    def task(workload: str, state: str) -> TaskCoverage:
        told = (place.family, place.target.key, place.platform, workload, 1.0, state, f"it is {state}")
        return TaskCoverage(*told, state == "exact", 1e-3, None, 8, 8, "llvm", "matmul")

    tasks = (task(place.workload.text, "exact"), task("another", "missing"))
    page = coverage_page(library, Coverage(TvmVersion("hhb-tvm", "0.16.dev0"), tasks), "model.py:mod")
    assert [(name, count) for name, count, *_ in page.told["states"]] == [("exact", 1), ("missing", 1)]
    rows = page.tables["tasks"]["rows"]
    assert [row[0] for row in rows] == [["matmul", place_page(place)], ["matmul", None]]
    assert [row[-1] for row in rows] == [None, "it is missing"]


def test_what_changed_leads_nowhere_where_the_library_shown_has_no_page(hostile: ConfigLibrary) -> None:
    gone = hostile.at("HEAD~3").diff(hostile.commit)
    page = changes_page(Gathered("kernels", "0" * 40, (), {}), gone, "main")
    rows = page.tables["changes"]["rows"]
    assert len(rows) == len(gone) > 0
    assert all("removed" in row for row in rows)
    assert {cell[1] for row in rows for cell in row if isinstance(cell, list)} == {None}


def test_every_grade_has_its_part_and_its_colour() -> None:
    assert set(GRADES) < set(STATES)
    style = (Path(lists.__file__).parent / "assets" / "report.css").read_text()
    for state in set(STATES) - {"not graded"}:
        assert f"rect.state-{state}" in style
        assert f".dot.state-{state}" in style
        assert f".badge.state-{state}" in style


def test_parts_fill_the_bar_one_after_the_other() -> None:
    assert parts_of({"exact": 3, "stale": 0, "missing": 1}) == [("exact", 3, 0.0, 75.0), ("missing", 1, 75.0, 25.0)]
    assert parts_of({}) == []


def test_a_filter_is_part_of_an_address_whatever_it_holds() -> None:
    assert filtered("jobs.html", author="a&b=#<\u202e") == "jobs.html#author=a%26b%3D%23%3C%5Cu202e"
