"""`best`, `trials`, `export`, `config` and `platform show`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

LOGS = Path(__file__).parents[3] / "data" / "tvm-logs"


@pytest.fixture
def filled(cli: Any, once: Callable[..., Any]) -> Any:
    """The command line on a library with records of all three families, on three platforms."""

    def make() -> None:
        _fill(cli)

    once(make)
    return cli


def _fill(cli: Any) -> None:
    for task in ("t0", "t2"):
        cli("import", *sorted((LOGS / "autotvm").glob(f"{task}_*.log")), "--platform", "xeon")
    cli("import", LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log", "--platform", "epyc")
    cli("import", LOGS / "ansor" / "mm_128x128x128.json", "--platform", "xeon")
    for name in ("v25_mm128", "v27_mm128"):
        cli("import", LOGS / "metaschedule" / name, "--platform", "xeon")
    cli("import", LOGS / "metaschedule" / "h100_matmul_256", "--platform", "h100", "--set", "clocks.sm_mhz=1980")
    assert cli.code == 0


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 7),
        (["--family", "autotvm"], 3),
        (["--family", "metaschedule"], 3),
        (["--platform", "epyc"], 1),
        (["--platform", "nowhere"], 0),
        (["--workload", "conv2d_NCHWc.x86"], 1),
        (["--workload", "tvmgitlib/matmul(128, 128, 128, float32)"], 2),
        (["--workload", '["tvmgitlib/matmul",[128,128,128,"float32"]]'], 2),
        (["--workload", "float32[256,256]"], 1),
        (["--target", "llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512"], 6),
        (["--target", '{"kind": "llvm", "mcpu": "skylake-avx512", "mtriple": "x86_64-linux-gnu"}'], 6),
        (["--family", "autotvm", "--platform", "xeon", "--workload", "conv2d"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_best_and_trials_choose_by_the_same_options(filled: Any, options: list[str], count: int) -> None:
    assert len(filled.lines("best", *options)) == count
    assert filled.code == (0 if count else 1)
    assert len(filled.lines("trials", *options)) == count


def test_best_shows_a_table_for_every_target_and_platform(filled: Any) -> None:
    shown = filled("best", "--family", "autotvm").out
    assert [line for line in shown.splitlines() if not line.startswith(" ") and line] == [
        "epyc: llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu (autotvm), 1 workload",
        "xeon: llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu (autotvm), 2 workloads",
    ]
    header = "      time  trials  job       workload"
    assert shown.splitlines()[1] == header
    assert "  128  " in shown
    assert shown.splitlines()[2].index("tvmgitlib/matmul(") == header.index("workload")


def test_best_names_the_tvm_where_there_are_several(cli: Any) -> None:
    log = LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    cli("import", log, "--platform", "xeon")
    assert "tuned with" not in cli("best").out
    cli("import", log, "--platform", "xeon", "--tvm", "hhb-tvm==0.16.dev0")
    shown = cli("best").out
    assert "tuned with" in shown
    assert "1 workload\n" in shown
    assert "hhb-tvm 0.16.dev0" in shown


@pytest.mark.parametrize(
    ("tvm", "accept", "grades", "others"),
    [
        ("hhb-tvm==0.16.dev0", "exact", ["exact"] * 3, "1 stale, 3 incompatible. --accept stale"),
        ("hhb-tvm==0.16.dev0", "stale", ["exact"] * 3 + ["stale"], "3 incompatible. --accept any"),
        ("hhb-tvm==0.16.dev0", "any", ["exact"] * 3 + ["incompatible"] * 3 + ["stale"], None),
        ("hhb-tvm==0.17.0", "exact", [], "4 stale, 3 incompatible. --accept stale"),
        ("hhb-tvm==0.17.0", "stale", ["stale"] * 4, "3 incompatible. --accept any"),
        ("apache-tvm==0.27.0", "exact", ["exact"] * 2, "4 incompatible. --accept any"),
        ("apache-tvm==0.24.0", "stale", [], "7 incompatible. --accept any"),
    ],
)
def test_best_for_a_tvm_says_the_grade_and_what_is_not_shown(
    filled: Any, tvm: str, accept: str, grades: list[str], others: str | None
) -> None:
    found = filled.lines("best", "--tvm", tvm, "--accept", accept)
    assert sorted(best["grade"] for best in found) == grades
    assert filled.code == (0 if grades else 1)
    assert all(best["why"] for best in found)
    assert ("Not shown" in filled.err) == (others is not None)
    assert others is None or f"Not shown: {others} shows more, with the reasons." in filled.err
    assert ("No config was found." in filled.err) == (not grades)
    assert ("  grade  " in filled("best", "--tvm", tvm, "--accept", accept).out) == bool(grades)


@pytest.mark.parametrize("options", [["--accept", "stale"], ["--set", "fan=on"]])
def test_without_a_tvm_best_says_that_grades_make_no_difference(filled: Any, options: list[str]) -> None:
    assert len(filled.lines("best", *options)) == 7
    assert "Nothing is graded without --tvm" in filled.err


def test_best_answers_for_an_earlier_commit(cli: Any, git: Callable[..., str]) -> None:
    cli("import", LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log", "--platform", "xeon")
    before = cli("best").out
    rev = git(cli.library, "rev-parse", "HEAD").strip()
    cli("import", *sorted((LOGS / "autotvm").glob("t*.log")), "--platform", "xeon")
    assert cli("best").out != before
    for name in (rev, rev[:8], "HEAD~1"):
        assert cli("best", "--rev", name).out == before
    assert cli("best", "--rev", "HEAD~2").code == 1
    assert cli("trials", "--rev", "HEAD~1", "--json").out.count("\n") == 1
    assert cli("best", "--rev", "--output=x").code == 4


# export


@pytest.mark.parametrize(
    ("options", "family", "records"),
    [
        (["--format", "autotvm"], "autotvm", 3),
        (["--format", "autotvm", "--platform", "epyc"], "autotvm", 1),
        (["--format", "ansor"], "ansor", 1),
        (["--format", "metaschedule", "--tvm", "apache-tvm==0.25.0"], "metaschedule", 1),
        (["--format", "metaschedule", "--platform", "h100"], "metaschedule", 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_an_export_holds_the_records_that_best_shows(
    filled: Any, tmp_path: Path, options: list[str], family: str, records: int
) -> None:
    path = tmp_path / "out" if family == "metaschedule" else tmp_path / "out.log"
    written = filled.json("export", *options, "-o", path)
    assert (written["path"], written["records"]) == (str(path), records)
    file = path / "database_tuning_record.json" if family == "metaschedule" else path
    found = [json.loads(line) for line in file.read_text().splitlines()]
    shown = [best["record"] for best in filled.lines("best", "--family", family)]
    if family == "metaschedule":  # the number of the workload is another in every file
        found, shown = [record[1] for record in found], [record[1] for record in shown]
    assert len(found) == records
    assert all(record in shown for record in found)
    plural = "1 record of 1 workload" if records == 1 else "3 records of 2 workloads"
    assert filled("export", *options, "-o", path).out == f"Wrote {plural} to {path}.\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "ansor", "--platform", "nowhere"], "nothing was written"),
        (["--format", "metaschedule"], "the records are of TVM 0.25, 0.27"),
        (["--format", "autotvm", "--tvm", "hhb-tvm==0.17.0"], "nothing was written"),
        (["--format", "autotvm", "--rev", "HEAD~99"], "names no commit"),
    ],
)
def test_an_export_that_makes_no_sense_writes_nothing(
    filled: Any, tmp_path: Path, options: list[str], words: str
) -> None:
    path = tmp_path / "out"
    filled("export", *options, "-o", path)
    assert filled.code == 4
    assert words in filled.err
    assert not path.exists()


def test_an_export_of_several_platforms_warns(filled: Any, tmp_path: Path) -> None:
    filled("export", "--format", "autotvm", "-o", tmp_path / "best.log")
    assert filled.err.startswith("warning: the file mixes 2 platforms (epyc, xeon)")


@pytest.mark.parametrize("place", ["no/such/folder/best.log", "file/best.log", "folder"])
def test_an_export_to_where_nothing_can_be_written_is_refused(filled: Any, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    filled("export", "--format", "autotvm", "-o", tmp_path / place)
    assert filled.code == 4
    assert f"error: {tmp_path / place}: cannot be written" in filled.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "library"]


@pytest.mark.parametrize("place", ["file", "file/db"])
def test_a_database_is_not_exported_onto_a_file(filled: Any, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    filled("export", "--format", "metaschedule", "--platform", "h100", "-o", tmp_path / place)
    assert filled.code == 4
    assert f"error: {tmp_path / place}: cannot be written" in filled.err
    assert (tmp_path / "file").read_text() == "mine"


# config and platform


def test_a_setting_is_shown_set_and_set_again(cli: Any, git: Callable[..., str]) -> None:
    assert cli("config", "keep").out == "1\n"
    assert cli("config", "keep", "3").out.startswith("keep is set, in ")
    assert cli("config", "keep").out == "3\n"
    assert git(cli.library, "log", "-1", "--format=%s") == "Set keep to 3\n"
    head = git(cli.library, "rev-parse", "HEAD")
    assert cli("config", "keep", "3").out == "keep has that value already.\n"
    assert git(cli.library, "rev-parse", "HEAD") == head
    assert cli("config", "x-owner", "kernel team").code == 0
    assert cli.json("config", "x-owner") == {"key": "x-owner", "value": "kernel team"}
    assert cli("config").out.splitlines()[1:3] == ["keep             3", 'policy.tvm       "same-minor"']
    assert cli("check").code == 0


def test_keep_decides_how_much_is_kept(cli: Any) -> None:
    cli("import", LOGS / "autotvm" / "t0_tvmgitlib_matmul_random.log", "--platform", "xeon")
    (file,) = (cli.library / "configs").glob("*/*/autotvm.jsonl")
    assert len(file.read_text().splitlines()) == 1
    cli("config", "keep", "5")
    assert len(file.read_text().splitlines()) == 5
    assert cli("check").code == 0


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("no-such", "1", "no setting is called 'no-such'"),
        ("format", "2", "no setting is called 'format'"),
        ("keep", "0", "field keep: it has to be 1 or more, it is 0"),
        ("keep", "many", 'field keep: it has to be a whole number, it is "many"'),
        ("keep", "1.5", "field keep: it has to be a whole number, it is 1.5"),
        ("keep", "true", "field keep: it has to be a whole number, it is true"),
        ("policy.tvm", "newish", "field policy.tvm: 'newish' is not same, same-minor, any"),
        ("policy.max-age", "-1", "field policy.max-age"),
        ("policy.max-age", "36x", "field policy.max-age"),
        ("policy.max-age", "0h", "field policy.max-age"),
        ("policy.facts", "gpu.driver", "field policy.facts"),
    ],
)
def test_a_value_that_is_none_of_a_settings_is_refused(
    cli: Any, git: Callable[..., str], key: str, value: str, words: str
) -> None:
    head = git(cli.library, "rev-parse", "HEAD")
    cli("config", "--", key, value)
    assert cli.code == 4
    assert words in cli.err
    assert git(cli.library, "rev-parse", "HEAD") == head
    assert git(cli.library, "status", "--porcelain") == ""


def test_platforms_are_listed_and_shown_with_their_latest_facts(filled: Any) -> None:
    assert filled("platform", "show").out == "epyc\nh100\nxeon\n"
    assert json.loads(filled("platform", "show", "h100").out) == {"name": "h100", "facts": {"clocks": {"sm_mhz": 1980}}}
    assert [platform["name"] for platform in filled.lines("platform", "show")] == ["epyc", "h100", "xeon"]
    filled("platform", "show", "nowhere")
    assert filled.err == "error: no job ran on a platform called 'nowhere'\ntvmgitlib platform show lists them.\n"
    filled("platform", "show", "EPYK")
    assert filled.err.endswith("\nIs epyc meant? tvmgitlib platform show lists them.\n")


@pytest.mark.parametrize("command", ["best", "trials", "blame", "log"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--platform", "xeno"], "No platform is called 'xeno'. Is xeon meant?"),
        (["--platform", "nowhere"], "No platform is called 'nowhere'. There are: epyc, h100, xeon."),
        (["--workload", "an_matmull"], "No workload contains 'an_matmull'. Is an_matmul"),
        (["--workload", "con2d"], "No workload contains 'con2d'. Is conv2d meant?"),
        (["--workload", "#zz"], "No workload has an id that begins with 'zz'; best --json has them whole."),
        (["--target", "cuda"], "No target is 'cuda'. There are: cuda -arch=sm_90a."),
        (["--target", "cuda -arch=sm_91"], "No target is 'cuda -arch=sm_91'. Is cuda -arch=sm_90a meant?"),
    ],
)
def test_where_nothing_is_found_near_names_are_said(filled: Any, command: str, options: list[str], said: str) -> None:
    assert said in filled(command, *options).err
    assert filled.out == ""


@pytest.mark.parametrize("command", ["best", "trials", "blame", "log"])
def test_a_library_without_jobs_says_how_to_begin(cli: Any, command: str) -> None:
    assert "tvmgitlib import LOG... brings logs in" in cli(command).err
    assert cli(command, "--platform", "box").err.endswith("tvmgitlib job start begins a job.\n")


def test_what_is_elsewhere_is_said_where_only_the_place_is_wrong(filled: Any) -> None:
    assert "elsewhere" not in filled("best", "--platform", "xeno").err
    assert "elsewhere" in filled("best", "--target", "cuba").err
    assert "elsewhere" in filled("best", "--platform", "xeno", "--workload", "conv2d").err
    assert "elsewhere" in filled("best", "--platform", "epyc", "--workload", "conv2d").err


def test_a_change_or_an_export_of_nothing_says_what_is_near(filled: Any, tmp_path: Path) -> None:
    for command in (
        ["export", "--format", "autotvm", "-o", tmp_path / "x", "--platform", "xeno"],
        ["invalidate", "--reason", "old", "--platform", "xeno"],
    ):
        assert filled(*command).code == 4
        assert filled.err.endswith("\nNo platform is called 'xeno'. Is xeon meant?\n")


def test_detecting_a_platform_needs_no_library(tmp_path: Path, tvmgitlib: Any) -> None:
    ran = tvmgitlib("-C", tmp_path / "nowhere", "platform", "detect")
    assert ran.returncode == 0
    assert json.loads(ran.stdout).keys() == {"name", "facts"}


# what an import says


def test_an_import_says_that_a_new_platform_may_be_a_mistyped_one(cli: Any) -> None:
    log = LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    assert "is new here" not in cli("import", log, "--platform", "rk3399").err
    cli("import", log, "--platform", "rk339")
    job = cli.lines("log")[0]["job"]
    cli("import", log, "--platform", "rk339")
    assert "is new here" not in cli.err
    cli("import", log, "--platform", "rk33999")
    assert "The platform rk33999 is new here, beside rk3399. If that was meant: tvmgitlib revert " in cli.err
    assert job not in cli.err
    assert "is new here" not in cli("import", log, "--platform", "epyc").err


def test_an_import_says_what_became_of_the_trials(cli: Any) -> None:
    log = LOGS / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    lines = cli("import", log, "--platform", "xeon").out.splitlines()
    job = cli.lines("log")[0]
    assert lines == [
        f"Job {job['job']} is committed as {job['commit'][:12]}.",
        "  32 trials read: 8 kept, 24 dropped",
        "  1 workload on xeon, 1 improved",
        f"Library: {cli.library}",
        "Next, in there: tvmgitlib best shows what there is now, tvmgitlib sync shares it.",
    ]
    assert cli.err == ""


def test_a_log_line_is_one_job_newest_first(filled: Any) -> None:
    lines = filled("log").out.splitlines()
    assert lines[0].split() == ["commit", "date", "job", "author", "what", "it", "did"]
    assert len(lines) == 8
    assert lines[1].endswith("Import 1 workload for h100: 64 trials")


def test_log_shows_as_many_as_are_wanted(cli: Any, library: ConfigLibrary, logs: Path) -> None:
    for name in ("t0_tvmgitlib_matmul_ga", "t1_tvmgitlib_matmul_ga", "t2_conv2d_NCHWc_x86_ga"):
        library.import_logs(logs / "autotvm" / f"{name}.log", platform="board", tvm="hhb-tvm==0.16.dev0")
    newest = [entry.job for entry in library.log()]
    assert [entry["job"] for entry in cli.lines("log", "-n", "2")] == newest[:2]
    assert [entry["job"] for entry in cli.lines("log", "--limit", "9")] == newest
    assert [entry.job for entry in library.log(limit=1)] == newest[:1]
    assert cli("log", "-n", "0").code == 2
