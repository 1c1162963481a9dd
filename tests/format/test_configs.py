from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.format import ranked_lines, read_configs
from tvmgitlib.model import FamilyError, LibraryError, TvmgitlibError


@pytest.fixture
def library(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    library.import_logs(logs / "autotvm/t0_tvmgitlib_matmul_ga.log", platform="board")
    return library


def test_configs_are_the_lines_in_order(build: Any) -> None:
    records = build.segment(1, [build.record(1), build.record(2)]).tasks[0].records
    assert ranked_lines(records) == records[0].line + b"\n" + records[1].line + b"\n"
    assert ranked_lines([]) == b""


@pytest.mark.parametrize(
    "path", ["configs/a.jsonl", "configs/a/b/c/autotvm.jsonl", "configs/a/b/Other.jsonl", "configs/a/b/autotvm"]
)
def test_a_file_that_does_not_belong_into_configs_is_named(path: str) -> None:
    with pytest.raises(LibraryError, match="no file of configs/"):
        read_configs(b"", path)


def test_a_line_of_configs_that_is_not_right_is_named(library: ConfigLibrary) -> None:
    file = next((library.path / "configs").glob("*/*/*.jsonl"))
    path = file.relative_to(library.path).as_posix()
    whole = file.read_bytes()
    assert len(read_configs(whole, path)) == 1
    for bad in (whole + b"\n", whole + b"{}\n", whole + whole[:-9], whole + b"\xff\n"):
        with pytest.raises(TvmgitlibError) as caught:
            read_configs(bad, path)
        assert (caught.value.file, caught.value.line) == (path, 2)


def test_records_of_a_family_that_is_not_installed_are_said_to_be(library: ConfigLibrary) -> None:
    path = "configs/a/b/other.jsonl"
    with pytest.raises(FamilyError, match="no installed package provides the tuner family 'other'") as caught:
        read_configs(b"{}\n", path)
    assert caught.value.file == path
    assert caught.value.hint == "Known here: autotvm, ansor, metaschedule."
