"""Lists as their reader wants them: `--sort`, `--limit`, `--since`, `--columns`, `--format`."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary


def line(name: str, size: int, cost: float, at: float) -> str:
    return json.dumps(
        {
            "input": ["llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", name, [["TENSOR", [1, size], "float32"]], {}],
            "config": {"index": size, "code_hash": None, "entity": [["tile", "sp", [-1, size]]]},
            "result": [[cost], 0, 0.5, at],
            "version": 0.2,
            "tvm_version": "0.16.dev0",
        }
    )


OLD, NEW = 1.6e9, 1.7e9  # 2020-09-13 and 2023-11-14


@pytest.fixture
def filled(cli: Any, tmp_path: Path, once: Callable[..., Any]) -> Any:
    """The command line on a library with two jobs on two platforms, one finished in 2020 and one in 2023."""

    def make() -> None:
        for name, lines in {
            "box": [line("dense|x86", 10, 9e-4, OLD), line("dense|x86", 9, 1e-3, OLD + 9), line("conv", 8, 5e-7, OLD)],
            "epyc": [line("dense|x86", 10, 2e-3, NEW)],
        }.items():
            log = tmp_path / f"{name}.log"
            log.write_text("".join(f"{each}\n" for each in lines))
            assert cli("import", log, "--platform", name).code == 0

    once(make)
    return cli


def costs(cli: Any, *options: str) -> list[float]:
    return [best["cost"] for best in cli.lines("best", *options)]


def test_numbers_are_sorted_as_numbers_and_a_minus_has_the_greatest_first(filled: Any) -> None:
    assert costs(filled, "--sort", "time") == [5e-7, 9e-4, 1e-3, 2e-3]
    assert costs(filled, "--sort", "-time") == [2e-3, 1e-3, 9e-4, 5e-7]
    assert costs(filled, "--sort", "-time", "--limit", "2") == [2e-3, 1e-3]
    assert [best["platform"] for best in filled.lines("best", "--sort", "platform")] == ["box"] * 3 + ["epyc"]


def test_a_sorted_table_keeps_its_places_apart(filled: Any) -> None:
    lines = filled("best", "--sort", "-time").out.splitlines()
    assert [each.split()[0] for each in lines if each] == [
        "epyc:",
        "time",
        "2.00",
        "box:",
        "time",
        "1.00",
        "900.00",
        "500.00",
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)"])
def test_text_of_anybodys_is_no_formula_of_a_spreadsheet(cli: Any, tmp_path: Path, name: str) -> None:
    log = tmp_path / "tuning.log"
    log.write_text(line(name, 10, 9e-4, OLD) + "\n")
    assert cli("import", log, "--platform", "box").code == 0
    (row,) = csv.DictReader(io.StringIO(cli("best", "--format", "csv").out))
    assert row["workload"].startswith(f"'{name}")
    assert float(row["time"]) == 9e-4
    assert row["platform"] == "box"


@pytest.mark.parametrize("command", ["best", "blame", "log"])
def test_since_leaves_out_what_is_older(filled: Any, command: str) -> None:
    everything = filled.lines(command)
    assert filled.lines(command, "--since", "2020-01-01") == everything
    assert filled.lines(command, "--since", "2100-01-01") == []
    assert filled("--json", command, "--since", "yesterday").code == 2
    assert "no age such as" in filled.err


def test_what_is_from_no_moment_that_can_be_told_is_older(
    filled: Any, library: ConfigLibrary, git: Callable[..., str], tmp_path: Path
) -> None:
    commit = git(library.path, "cat-file", "commit", "HEAD")
    (forged := tmp_path / "forged").write_text(re.sub(r"(?m)^author .*$", "author nobody", commit, count=1))
    made = git(library.path, "hash-object", "-t", "commit", "-w", "--literally", str(forged)).strip()
    git(library.path, "update-ref", "HEAD", made)
    newest, oldest = filled.lines("log")
    assert filled.lines("log", "--since", "2020-01-01") == [oldest]
    assert filled.lines("log", "--sort", "date") == [newest, oldest]


def test_since_asks_best_when_its_jobs_were_finished(filled: Any) -> None:
    assert costs(filled, "--since", "2022-02-03") == [2e-3]
    assert costs(filled, "--since", "1w") == []
    assert filled.code == 1


def test_columns_are_those_that_are_named_with_the_place_too(filled: Any) -> None:
    shown = filled("best", "--columns", "workload,platform", "--limit", "1").out
    assert shown.split() == ["workload", "platform", "conv(1x8xf32)", "box"]
    assert filled("log", "--columns", "kind,workloads", "--limit", "1").out.split() == [
        "kind",
        "workloads",
        "import",
        "1",
    ]


def test_csv_has_numbers_that_programs_read(filled: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(filled("best", "--format", "csv", "--sort", "-time").out)))
    assert [float(row["time"]) for row in rows] == [2e-3, 1e-3, 9e-4, 5e-7]
    assert {row["platform"] for row in rows} == {"box", "epyc"}
    assert rows[0]["workload"] == "dense|x86(1x10xf32)"
    assert len(rows[0]["job"]) == 16


def test_markdown_is_a_table_that_no_name_breaks(filled: Any) -> None:
    shown = filled("best", "--format", "markdown", "--columns", "time,workload", "--sort", "-time", "--limit", "1").out
    assert shown.splitlines() == ["| time | workload |", "| ---: | --- |", "| 2.00 ms | dense\\|x86(1x10xf32) |"]


def test_format_json_is_what_json_is(filled: Any) -> None:
    assert filled("trials", "--format", "json").out == filled("trials", "--json").out


@pytest.mark.parametrize(
    "options", [["--sort", "tim"], ["--sort", "-tim"], ["--columns", "job,tim", "--format", "csv"]]
)
def test_an_unknown_column_is_named_with_those_there_are(filled: Any, options: list[str]) -> None:
    assert filled("best", *options).code == 2
    assert "no column is called 'tim'. Is time meant? Columns: platform, target" in filled.err


@pytest.mark.parametrize("command", [["best"], ["trials"], ["blame"], ["log"], ["diff", "HEAD~1"]])
def test_every_list_takes_the_same_options(filled: Any, command: list[str]) -> None:
    for form in ("csv", "markdown", "json"):
        assert (
            filled(
                *command, "--sort", "-job" if command != ["trials"] else "-jobs", "--limit", "1", "--format", form
            ).code
            == 0
        )
        assert len(filled.out.splitlines()) == {"csv": 2, "markdown": 3, "json": 1}[form]


def test_jobs_in_progress_are_listed_like_any_list(cli: Any) -> None:
    for tuner, key in (("xgb", "b"), ("ga", "a")):
        assert cli("job", "start", "--platform", "board", "--tuner", tuner, "--set", f"fan={key}").code == 0
    assert cli("job", "list", "--sort", "tuner", "--columns", "tuner,platform", "--format", "csv").out == (
        "tuner,platform\nga,board\nxgb,board\n"
    )
    assert [job["tuner"] for job in cli.lines("job", "list", "--limit", "1")] == ["xgb"]
    assert cli.lines("job", "list", "--since", "2999-01-01") == []
