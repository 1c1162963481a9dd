"""Folders of logs, standard input, and files named or held twice."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import RecordError

LOGS = Path(__file__).parents[3] / "data" / "tvm-logs"
LOG = LOGS / "autotvm" / "t0_tvmgitlib_matmul_random.log"
OTHER = LOGS / "autotvm" / "t1_tvmgitlib_matmul_random.log"
DATABASE = LOGS / "metaschedule" / "v27_mm128"
RECORDS, WORKLOADS = "database_tuning_record.json", "database_workload.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Logs of three families in a folder and below it, and what else lies about in such folders."""
    top = tmp_path / "results"
    (top / "day 1" / "night").mkdir(parents=True)
    shutil.copy(LOG, top / "tuning.log")
    (top / "day 1" / "conv.log.gz").write_bytes(gzip.compress(OTHER.read_bytes()))
    shutil.copy(LOGS / "ansor" / "mm_128x128x128.json", top / "day 1" / "night")
    shutil.copytree(DATABASE, top / "db")
    (top / "db" / "logs").mkdir()
    (top / "db" / "logs" / "tvm.meta_schedule.log").write_text("2026-01-01 [INFO] tuning\n")
    (top / "README.md").write_text("# Results\nof the board\n")
    (top / "day 1" / "times.csv").write_text("a,b\n1,2\n")
    (top / "empty.log").touch()
    (top / ".git").mkdir()
    (top / ".git" / "config").write_text("[core]\n")
    return top


def test_a_folder_stands_for_the_logs_in_it_and_below_it(cli: Any, folder: Path) -> None:
    result = cli.json("import", folder, "--platform", "board")
    lines = [len(path.read_bytes().splitlines()) for path in (LOG, OTHER, LOGS / "ansor/mm_128x128x128.json")]
    assert result["read"] == sum(lines) + len((DATABASE / RECORDS).read_bytes().splitlines())
    assert result["no_logs"] == [
        f"{folder}/README.md: no tuning log: text that is not JSON",
        f"{folder}/empty.log: nothing is in it",
        f"{folder}/day 1/times.csv: no tuning log: a table (CSV)",
    ]
    assert "3 files of the folder left out, being no log:" in cli.err
    sources = json.loads(next(iter(cli.library.glob("jobs/*/*.jsonl"))).read_text().splitlines()[0])["job"]["sources"]
    assert {source["name"] for source in sources} == {
        *("tuning.log", "conv.log", "mm_128x128x128.json", f"db/{RECORDS}", f"db/{WORKLOADS}")
    }


def test_a_folder_and_its_logs_are_the_same_import(library: ConfigLibrary, folder: Path) -> None:
    first = library.import_logs(folder, platform="board")
    logs = [folder / "tuning.log", folder / "day 1", folder / "db" / WORKLOADS]
    assert library.import_logs(*logs, platform="board").job == first.job
    assert library.import_logs(folder, folder / "db", folder / "tuning.log", platform="board").job == first.job


def test_a_malformed_line_in_a_log_of_a_folder_refuses_the_whole_import(library: ConfigLibrary, folder: Path) -> None:
    with (folder / "tuning.log").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(RecordError, match=r"results/tuning.log, line 33: not a tuning record"):
        library.import_logs(folder, platform="board")


def test_a_log_beside_a_database_is_imported_too(library: ConfigLibrary, folder: Path) -> None:
    shutil.copy(LOG, folder / "db" / "autotvm.log")
    assert library.import_logs(folder / "db", platform="board").counts.read == 32 + 32
    assert library.import_logs(DATABASE, platform="board").commit is None


@pytest.mark.parametrize("content", [{}, {"notes.txt": "nothing\n"}, {"deep/notes.txt": "nothing\n"}])
def test_a_folder_without_any_log_is_refused(library: ConfigLibrary, tmp_path: Path, content: dict[str, str]) -> None:
    top = tmp_path / "results"
    top.mkdir()
    for name, text in content.items():
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(text)
    with pytest.raises(RecordError, match="results: there is no tuning log in the folder") as caught:
        library.import_logs(top, platform="board")
    assert ("notes.txt: no tuning log" in str(caught.value)) == bool(content)


def test_half_a_database_somewhere_in_a_folder_is_refused(library: ConfigLibrary, folder: Path) -> None:
    (folder / "db" / WORKLOADS).unlink()
    with pytest.raises(RecordError, match=f"{WORKLOADS}, which says what its records tune, is missing"):
        library.import_logs(folder, platform="board")


def test_a_library_in_a_folder_is_no_log(library: ConfigLibrary, folder: Path) -> None:
    library.import_logs(LOG, platform="board")
    shutil.copytree(library.path, folder / "kernels")
    result = ConfigLibrary.init(folder.parent / "other").import_logs(folder, platform="board")
    assert f"{folder}/kernels: a library, whose records tvmgitlib merge and export give" in result.no_logs


def test_a_folder_that_leads_into_itself_ends(library: ConfigLibrary, folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    (folder / "gone").symlink_to(folder / "nothing")
    result = library.import_logs(folder, platform="board")
    assert f"{folder}/gone: cannot be read: No such file or directory" in result.no_logs


# Standard input


def test_standard_input_is_read(tvmgitlib: Callable[..., Any], library: ConfigLibrary) -> None:
    for content in (LOG.read_bytes(), gzip.compress(LOG.read_bytes())):
        command = [sys.executable, "-m", "tvmgitlib", "-C", library.path, "--json", "import", "-", "--platform", "x"]
        done = subprocess.run(command, input=content, capture_output=True, check=True)
        assert json.loads(done.stdout)["read"] == 32
    assert library.import_logs(LOG, platform="x").already


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Give this process a standard input."""
    return lambda content: monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_standard_input_beside_files(library: ConfigLibrary, feed: Callable[[bytes], None]) -> None:
    feed(OTHER.read_bytes())
    result = library.import_logs("-", LOG, "-", platform="board")
    assert result.counts.read == len((LOG.read_bytes() + OTHER.read_bytes()).splitlines())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "standard input: the file is empty"),
        (LOG.read_bytes() + b"{}\n", "standard input, line 33: not a tuning record"),
        (b"hello\n", "standard input, line 1: no tuning log: text"),
    ],
)
def test_what_is_wrong_with_standard_input_is_said_of_it(
    library: ConfigLibrary, feed: Callable[[bytes], None], content: bytes, words: str
) -> None:
    feed(content)
    with pytest.raises(RecordError, match=words):
        library.import_logs("-", platform="board")


def test_lines_of_standard_input_that_are_left_out_are_named(
    library: ConfigLibrary, feed: Callable[[bytes], None]
) -> None:
    feed(LOG.read_bytes() + b"{}\n")
    (line,) = library.import_logs("-", platform="board", skip_invalid=True).left_out
    assert line.startswith("standard input, line 33: ")


# Twice


def test_copies_are_left_out_and_counted(cli: Any, tmp_path: Path) -> None:
    names = [tmp_path / "one.log", tmp_path / "two.log", tmp_path / "three.log.gz"]
    for name in names[:2]:
        shutil.copy(LOG, name)
    names[2].write_bytes(gzip.compress(LOG.read_bytes()))
    result = cli.json("import", *names, OTHER, "--platform", "board")
    assert result["copies"] == 2
    assert "2 copies of other logs left out." in cli.err
    again = cli.json("import", *names, OTHER, "--platform", "board")
    assert (again["already"], again["copies"]) == (True, 2)


def test_one_log_named_twice_is_no_copy(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "link.log").symlink_to(LOG)
    assert cli.json("import", LOG, LOG, tmp_path / "link.log", "--platform", "board")["copies"] == 0
    files = [DATABASE, DATABASE / RECORDS, DATABASE / WORKLOADS]
    assert cli.json("import", *files, "--platform", "board")["copies"] == 0
    assert "copies" not in cli.err
