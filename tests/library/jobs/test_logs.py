from __future__ import annotations

import hashlib
import logging
import re
import tracemalloc
from pathlib import Path

import pytest

from tvmgitlib.library.jobs.files import opening
from tvmgitlib.library.jobs.logs import Leniency, Remarks, read_log, survey
from tvmgitlib.model import Source

LINES = (
    (Path(__file__).parents[2] / "data" / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log")
    .read_bytes()
    .splitlines(keepends=True)
)


def source(content: bytes, start: int = 0) -> Source:
    return Source("earlier.log", len(content), hashlib.sha256(content).hexdigest(), start)


FIRST, SECOND, WHOLE = (b"".join(LINES[:count]) for count in (10, 20, 32))

KNOWN: dict[str, tuple[list[Source], int]] = {
    # what earlier jobs hold of a log of 32 lines: from where it counts
    "nothing": ([], 0),
    "something else": ([source(b"".join(LINES[1:10]))], 0),
    "its beginning": ([source(FIRST)], len(FIRST)),
    "its beginning, which grew": ([source(FIRST), source(SECOND, len(FIRST))], len(SECOND)),
    "two beginnings": ([source(FIRST), source(SECOND)], len(SECOND)),
    "what follows its beginning, but not that": ([source(SECOND, len(FIRST))], 0),
    "its beginning without the line end": ([source(FIRST.rstrip(b"\n"))], len(FIRST)),
    "all of it": ([source(WHOLE)], 0),
    "all of it, in two jobs": ([source(FIRST), source(WHOLE, len(FIRST))], len(FIRST)),
    "all of it, and its beginning": ([source(FIRST), source(WHOLE)], 0),
}


@pytest.mark.parametrize("block", [1, 1000, 65536])
@pytest.mark.parametrize(("known", "start"), KNOWN.values(), ids=KNOWN.keys())
def test_a_log_counts_from_where_no_earlier_job_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: list[Source], start: int, block: int
) -> None:
    monkeypatch.setattr(opening, "_BLOCK", block)
    path = tmp_path / "tuning.log"
    path.write_bytes(WHOLE)
    log = survey(path, Leniency(), known)
    assert log.sources == (Source("tuning.log", len(WHOLE), source(WHOLE).sha256, start),)
    numbers = [number for number, _ in read_log(log, Leniency(), Remarks())]
    assert numbers == list(range(WHOLE[:start].count(b"\n") + 1, 33))


def test_a_torn_last_line_is_no_part_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_bytes(FIRST + LINES[10][:70])
    log = survey(path, Leniency(drop_torn=True))
    assert log.sources == (Source("tuning.log", len(FIRST), source(FIRST).sha256),)
    assert log.torn == (f"{path}, line 11: cut off",)
    assert len(list(read_log(log, Leniency(), Remarks()))) == 10


def test_lines_written_after_the_survey_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_bytes(FIRST)
    log = survey(path, Leniency())
    path.write_bytes(WHOLE)
    assert len(list(read_log(log, Leniency(), Remarks()))) == 10


def test_progress_is_told_every_thousand_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tuning.log"
    path.write_bytes(LINES[0] * 2500)
    with caplog.at_level(logging.INFO, "tvmgitlib.progress"):
        list(read_log(survey(path, Leniency()), Leniency(), Remarks()))
    told = [re.fullmatch(r"tuning\.log: ([12]),(\d{3}) lines read \((\d+)%\)", line) for line in caplog.messages]
    read = [(int(match[1] + match[2]), int(match[3])) for match in told if match]
    assert read == [(lines, 100 * lines // 2500) for lines, _ in read]
    assert len(read) == len(told) == 2


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_bytes(WHOLE * 300)  # 4 MB
    tracemalloc.start()
    try:
        for _ in read_log(survey(path, Leniency()), Leniency(), Remarks()):
            pass
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
