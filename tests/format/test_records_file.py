from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, families
from tvmgitlib.format import RecordsFile, ranked_lines, read_configs, read_stored
from tvmgitlib.format.stored import workload_in
from tvmgitlib.model import FamilyError, LibraryError, Settings, TvmgitlibError, Workload
from tvmgitlib.rules.fold import fold, standing

DATA = Path(__file__).parents[1] / "data"

#: How many records there are of each of some workloads.
SHAPES = [[1], [3], [1, 1], [2, 1, 3], [1] * 17, [5, 1, 8, 1, 1, 2, 7]]


def written(build: Any, counts: list[int]) -> tuple[bytes, str]:
    segment = build.segment(
        1,
        [build.record(config, 1e-3 + config, number) for number, count in enumerate(counts) for config in range(count)],
    )
    ((path, records),) = fold([segment], standing([]), Settings(keep=8)).items()
    return ranked_lines(records), path


def workload(number: int | str) -> Workload:
    return Workload("autotvm", f'["matmul",[{number}]]')


@pytest.mark.parametrize("counts", SHAPES)
def test_a_search_finds_what_reading_everything_finds(build: Any, counts: list[int]) -> None:
    content, path = written(build, counts)
    every = read_configs(content, path)
    assert len(every) == sum(counts)
    for asked in (*map(workload, range(len(counts) + 2)), workload('""'), workload("~"), Workload("autotvm", "")):
        wanted = [stored for stored in every if stored.record.workload == asked]
        assert RecordsFile(content, path).of(asked) == wanted
        assert RecordsFile(content, path).where(lambda each, asked=asked: each == asked) == wanted
    assert RecordsFile(content, path).where(lambda _: True) == every
    assert RecordsFile(content, path, proven=True).where(lambda _: True) == every
    together = RecordsFile(content, path)  # what one question has read does not mislead the next
    asked_for = dict.fromkeys(stored.record.workload for stored in every)
    assert [stored for asked in asked_for for stored in together.of(asked)] == every


@pytest.mark.parametrize("counts", SHAPES)
@pytest.mark.parametrize("most", [None, 100])
@pytest.mark.parametrize("is_last", [True, False])
def test_so_does_looking_up_what_proven_lines_say_that_they_are_of(
    build: Any, monkeypatch: pytest.MonkeyPatch, counts: list[int], most: int | None, is_last: bool
) -> None:
    content, path = written(build, counts)
    monkeypatch.setattr("tvmgitlib.format.configs._FEW", 1)
    if most is not None:
        monkeypatch.setattr("tvmgitlib.format.configs.MAX_LINE", most)
    if not is_last:  # the workload may stand anywhere in a bag, and one may not name it as the library writes it
        content = re.sub(rb'("finished":.*),("workload":"[0-9a-f]+")\}\}', rb"\2, \1}}", content)
    every = read_configs(content, path)
    file = RecordsFile(content, path, proven=True)
    for asked in (*map(workload, range(len(counts) + 2)), workload('""'), workload("~"), Workload("autotvm", "")):
        assert file.of(asked) == [stored for stored in every if stored.record.workload == asked]


def test_an_empty_file_has_nothing(build: Any) -> None:
    _, path = written(build, [1])
    assert RecordsFile(b"", path).of(workload(0)) == RecordsFile(b"", path).where(lambda _: True) == []


def test_what_is_not_asked_for_is_not_read(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content, path = written(build, [4] * 100)
    read: list[bytes] = []

    def counted(line: bytes, *arguments: Any) -> Any:
        read.append(line)
        return read_stored(line, *arguments)

    monkeypatch.setattr("tvmgitlib.format.configs.read_stored", counted)
    assert len(RecordsFile(content, path).of(workload(50))) == 4
    assert len(read) < 20
    read.clear()
    assert len(RecordsFile(content, path).where(lambda each: each == workload(50))) == 4
    assert len(read) == 100 + 3

    read.clear()
    file = RecordsFile(content, path, proven=True)
    for number in range(10):
        assert len(file.of(workload(number))) == 4
    read.clear()
    assert len(file.of(workload(50))) == 4
    assert len(read) == 4

    read.clear()
    assert len(RecordsFile(content, path, proven=True).where(lambda each: each == workload(50))) == 4
    assert len(read) == 4


@pytest.mark.parametrize("log", ["autotvm/t0_tvmgitlib_matmul_ga.log", "ansor/mm_64x256x512.json"])
def test_what_a_line_tunes_is_what_its_record_does(log: str, library: ConfigLibrary) -> None:
    library.import_logs(DATA / "tvm-logs" / log, platform="board")
    (file,) = (library.path / "configs").rglob("*.jsonl")
    family = families.family(log.partition("/")[0])
    for stored in read_configs(file.read_bytes(), file.relative_to(library.path).as_posix()):
        assert repr(workload_in(stored.line, family)) == repr(stored.record.workload)
        described = stored.line.replace(b'"finished"', b'"x-desc":"conv2d","finished"', 1)
        assert workload_in(described, family).desc == "conv2d"


@pytest.mark.parametrize(
    "log",
    ["autotvm/t2_conv2d_NCHWc_x86_ga.log", "ansor/mm_64x256x512.json", "metaschedule/v27_mm128"],
)
@pytest.mark.parametrize("is_described", [False, True])
def test_lines_of_every_family_are_found_by_name(log: str, is_described: bool, library: ConfigLibrary) -> None:
    library.import_logs(DATA / "tvm-logs" / log, platform="board")
    (file,) = (library.path / "configs").rglob("*.jsonl")
    content, path = file.read_bytes(), file.relative_to(library.path).as_posix()
    if is_described:
        content = content.replace(b'"}}\n', b'","x-desc":"conv2d"}}\n')
    every = read_configs(content, path)
    assert every
    for stored in every:
        same = [each for each in every if each.record.workload == stored.record.workload]
        assert RecordsFile(content, path, proven=True).of(stored.record.workload) == same
        assert RecordsFile(content, path).of(stored.record.workload) == same


def test_a_line_that_is_not_right_is_named_where_it_is_read(build: Any) -> None:
    content, path = written(build, [1, 1, 1])
    lines = content.splitlines(keepends=True)
    for bad in (b"\n", b"{}\n", lines[1][:-9] + b"\n", b"\xff\n"):
        file = RecordsFile(b"".join([lines[0], bad, lines[2]]), path)
        for ask in (lambda file=file: file.of(workload(1)), lambda file=file: file.where(lambda _: True)):
            with pytest.raises(TvmgitlibError) as caught:
                ask()
            assert (caught.value.file, caught.value.line) == (path, 2)


def test_other_files_are_refused_as_when_they_are_read_whole() -> None:
    with pytest.raises(LibraryError, match="no file of configs/"):
        RecordsFile(b"", "configs/a.jsonl")
    with pytest.raises(FamilyError, match="'other'") as caught:
        RecordsFile(b"{}\n", "configs/a/b/other.jsonl")
    assert caught.value.file == "configs/a/b/other.jsonl"
