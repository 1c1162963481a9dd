"""What is no log is named for what it is, with the way on."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.library.jobs.files.foreign import not_a_log

DATA = Path(__file__).parents[3] / "data"
LOG = DATA / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_random.log"
CONTENT = LOG.read_bytes()
CONSOLE = (DATA / "cases" / "07" / "console.log").read_bytes()


def tar(mode: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        archive.add(LOG, "tuning.log")
    return made.getvalue()


def a_zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.write(LOG, "tuning.log")
    return made.getvalue()


PRETTY = json.dumps(json.loads(CONTENT.splitlines()[0]), indent=2).encode()

FOREIGN: dict[str, tuple[bytes, str, str]] = {
    "console output": (CONSOLE, "console output", "log_to_file"),
    "AutoTVM's bar": (
        b"[Task  1/12]  Current/Best:  1.2/  3.4 GFLOPS | Progress: (12/20)\r\n",
        "console",
        "RecordToFile",
    ),
    "Ansor's table": (b"-" * 40 + b"\n|  ID  | Latency (ms) | Speed (GFLOPS) |\n", "console output", "RecordToFile"),
    "MetaSchedule's words": (b"2026-01-01 10:00:00 [INFO] Logging directory: logs\n", "console output", "work_dir"),
    "TVM's warnings": (b"[10:00:00] /tvm/src/x.cc:1: Warning: no\n", "console output", "log_to_file"),
    "a traceback": (b"Traceback (most recent call last):\n  File\nValueError\n", "console output", "log_to_file"),
    "without a line end": (CONSOLE.rstrip(b"\n"), "console output", "log_to_file"),
    "CSV": (b"name,cost,n\nconv,0.1,2\ndense,0.2,2\n", "a table (CSV)", "log_to_file"),
    "CSV of two columns": (b"name;cost\nconv;0.1\n", "a table (CSV)", "log_to_file"),
    "TSV without a line end": (b"name\tcost\tn\nconv\t0.1\t5", "a table (CSV)", "log_to_file"),
    "prose": (b"Hello there\nhow are you\n", "text that is not JSON", "log_to_file"),
    "Python's own words": (b"{'input': ['llvm']}\n", "text that is not JSON", "log_to_file"),
    "a web page": (b"<!DOCTYPE html>\n<html>\n", "a page in HTML or XML", "raw form"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "a pointer of Git LFS", "git lfs pull"),
    "pretty JSON": (PRETTY, "spread over several lines", "jq -c"),
    "a pretty list": (b"[\n" + PRETTY + b"\n]\n", "spread over several lines", "jq -c"),
    "UTF-16": (CONTENT.decode().encode("utf-16"), "UTF-16", "iconv"),
    "UTF-16 without its mark": (CONTENT.decode().encode("utf-16-le"), "UTF-16", "iconv"),
    "UTF-16, big end first": (CONTENT.decode().encode("utf-16-be"), "UTF-16", "iconv"),
    "UTF-32": (CONTENT.decode().encode("utf-32"), "UTF-16 or UTF-32", "iconv"),
    "tar": (tar("w"), "a tar archive", "Unpack it"),
    "tar.gz": (tar("w:gz"), "a tar archive", "Unpack it"),
    "tar.bz2": (tar("w:bz2"), "a tar archive", "Unpack it"),
    "tar.xz": (tar("w:xz"), "a tar archive", "Unpack it"),
    "zip": (a_zip(), "a zip archive", "Unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd\x24\x00", "compressed with zstd", "unzstd"),
    "gzip twice": (gzip.compress(gzip.compress(CONTENT)), "compressed twice", "once"),
    "a pickle": (pickle.dumps({"a": 1}), "a Python pickle", "log_to_file"),
    "a library": (b"\x7fELF\x02\x01\x01\0", "a program or library", "log_to_file"),
    "zeros": (b"\0" * 100, "no text", "log_to_file"),
}


@pytest.mark.parametrize("drop_torn", [False, True])
@pytest.mark.parametrize(("content", "words", "hint"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_that_is_no_log_is_named(
    cli: Any, tmp_path: Path, content: bytes, words: str, hint: str, drop_torn: bool
) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(content)
    cli("import", log, "--platform", "board", *(["--drop-torn"] if drop_torn else []))
    assert cli.code == 4
    first, *hints = cli.err.splitlines()
    assert first.startswith(f"error: {log}")
    assert f"no tuning log: {words}" in first or words in first
    assert hint in " ".join(hints)
    assert cli.lines("log") == []


@pytest.mark.parametrize("family", ["autotvm", "ansor"])
def test_no_real_log_is_taken_for_something_else(family: str) -> None:
    for log in (DATA / "tvm-logs" / family).iterdir():
        assert not_a_log(log.read_bytes()[:4096]) is None


def test_a_log_with_a_byte_order_mark_is_read(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"\xef\xbb\xbf" + CONTENT)
    assert cli.json("import", log, "--platform", "board")["read"] == 32


def test_words_of_a_tuner_before_its_records_are_named_and_can_be_left_out(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(CONSOLE + CONTENT)
    assert f"{log}, line 1: no tuning log: what a tuner printed" in cli("import", log, "--platform", "board").err
    result = cli.json("import", log, "--platform", "board", "--skip-invalid")
    assert (result["read"], len(result["left_out"])) == (32, 3)


def test_a_line_of_words_between_records_is_a_bad_line(cli: Any, tmp_path: Path) -> None:
    lines = CONTENT.splitlines(keepends=True)
    log = tmp_path / "tuning.log"
    log.write_bytes(lines[0] + b"tuning finished\n" + lines[1])
    assert f"{log}, line 2: not valid JSON at column 1" in cli("import", log, "--platform", "board").err


def test_a_row_of_pickles_and_format_01_keep_their_own_words(cli: Any, tmp_path: Path) -> None:
    log = tmp_path / "tuning.log"
    log.write_bytes(b"gANjdHZt\tgANjdHZt\tgAN=\n")
    assert "never read" in cli("import", log, "--platform", "board").err
