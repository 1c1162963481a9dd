"""What the index takes from a segment at a glance is what a reading of all of it says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import Condemned, ConfigLibrary, Selection
from tvmgitlib.format import Lead, lines_of, read_segment, section_of, skim_segment
from tvmgitlib.format.segment import without_history
from tvmgitlib.library.outlines.facts import Facts
from tvmgitlib.model import Section, TvmgitlibError

Segments = dict[str, bytes]


@pytest.fixture
def segments(library: ConfigLibrary, logs: Path) -> Segments:
    """Of every kind but revalidations, and of all families."""
    for name in ("autotvm/t0_tvmgitlib_matmul_ga.log", "ansor/mm_128x128x128.json", "metaschedule/v27_mm128"):
        library.import_logs(logs / name, platform="board", facts={"cooling": "fan"} if "ansor" in name else None)
    library.invalidate(Condemned(Selection(family="ansor")), "another board")
    job = library.begin_job(platform="board", tuner="ga")
    shutil.copy(logs / "autotvm" / "t2_conv2d_NCHWc_x86_ga.log", job.log)
    library.finish_job()
    library.revert(library.log()[0].job)
    return {
        path.relative_to(library.path).as_posix(): path.read_bytes() for path in library.path.glob("jobs/*/*.jsonl")
    }


Told = tuple[Facts, list[Section]]


def told(facts: Facts) -> Told:
    """What the index holds, with sections as their lines say them, and without leads: a reading without records knows
    none.
    """
    sections = [section_of(json.loads(task.section.line)["section"]) for task in facts.tasks]
    tasks = [task._replace(lead=Lead(), section=task.section._replace(line=b"")) for task in facts.tasks]
    return facts._replace(tasks=tasks), sections


def glance(content: bytes, path: str) -> Told:
    """What the index takes."""
    return told(Facts.of(content, path))


def read(content: bytes, path: str) -> Told:
    """The same of the whole segment."""
    segment = read_segment(lines_of(content, path), path, with_records=False)
    facts, sections = told(Facts.of_segment(segment))
    assert sections == [entry.task.section for entry in segment.tasks]
    return facts, sections


def test_a_glance_says_what_reading_says(segments: Segments) -> None:
    glances = 0
    for path, content in segments.items():
        glances += skim_segment(content, path) is not None
        assert glance(content, path) == read(content, path)
    assert glances == 4
    assert len(segments) == 6


@pytest.mark.parametrize("with_history", [True, False])
def test_leads_are_those_of_the_records(segments: Segments, with_history: bool) -> None:
    compared = 0
    for path, content in segments.items():
        if not with_history:
            content = b"".join(without_history(line) + b"\n" for line in content.splitlines())
        segment = read_segment(lines_of(content, path), path)
        for skimmed, entry in zip(Facts.of(content, path).tasks, segment.tasks, strict=True):
            costs = [stored.record.cost for stored in entry.records[:2]]
            assert skimmed.lead == (entry.task.effort.configs, *(pytest.approx(cost, rel=0.006) for cost in costs))
            compared += 1
    assert compared == 4


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a key": lambda content: content.replace(b'"kind"', b'"kidn"', 1),
    "a kind": lambda content: content.replace(b'"import"', b'"revert"', 1),
    "a number": lambda content: content.replace(b'"trials":', b'"trials":-', 1),
    "a workload": lambda content: content.replace(b'"workload":{"id":"', b'"workload":{"id":"0', 1),
    "a key twice": lambda content: content.replace(b'{"job":{', b'{"job":{"author":"me",', 1),
    "a target": lambda content: content.replace(b'"canonical":{', b'"canonical":{"x":1,', 1),
    "no header": lambda content: content.split(b"\n", 1)[1],
    "two headers": lambda content: content.split(b"\n", 1)[0] + b"\n" + content,
    "no section": lambda content: b"\n".join(line for line in content.split(b"\n") if b'{"section":' not in line[:12]),
    "nothing": lambda content: content[:0],
    "a time": lambda content: re.sub(rb'"finished":"[^"]*"', b'"finished":"2024-13-01T00:00:00Z"', content, count=1),
    "more failures than trials": lambda content: re.sub(rb'"errors":{[^}]*}', b'"errors":{"unknown":99999}', content),
    "a sample": lambda content: content.replace(b'"sample":"', b'"sample":"////////', 1),
    "a module": lambda content: re.sub(rb'"module":"[^"\\]*(?:\\.[^"\\]*)*"', b'"module":"[]"', content),
    "half a line": lambda content: content[:100],
    "another job's": lambda content: content.replace(b'"id":"', b'"id":"0', 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_malformed_is_said_to_be_in_the_same_words(segments: Segments, damage: str) -> None:
    done = 0
    for path, content in segments.items():
        damaged = DAMAGES[damage](content)
        if damaged == content:
            continue
        done += 1
        try:
            expected = read(damaged, path)
        except TvmgitlibError as error:
            with pytest.raises(TvmgitlibError) as caught:
                Facts.of(damaged, path)
            assert str(caught.value) == str(error)
        else:
            assert glance(damaged, path) == expected
    assert done
