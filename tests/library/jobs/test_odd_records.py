"""Odd records cost nothing but themselves: what cannot be a run time, what nobody measured, what a fork adds."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.families.metaschedule import RECORD_FILE, WORKLOAD_FILE
from tvmgitlib.library.jobs.recorded import read_job
from tvmgitlib.model import JobError, RecordError

DATA = Path(__file__).parents[2] / "data"
CASES = DATA / "cases"
AUTOTVM = (DATA / "tvm-logs" / "autotvm" / "t0_tvmgitlib_matmul_ga.log").read_text().splitlines()
ANSOR = (DATA / "tvm-logs" / "ansor" / "mm_128x128x128.json").read_text().splitlines()
DATABASE = DATA / "tvm-logs" / "metaschedule" / "v27_mm128"


def changed(line: str, path: list[Any], value: Any) -> str:
    """A log line with one field set, as Python writes it: NaN too."""
    document = json.loads(line)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return json.dumps(document)


# Run times that can be none

AUTOTVM_ODD: dict[str, str] = {
    "0 s": changed(AUTOTVM[1], ["result", 0], [0.0]),
    "below 0": changed(AUTOTVM[1], ["result", 0], [1e-3, -1e-3]),
    "none at all": changed(AUTOTVM[1], ["result", 0], []),
    "NaN": changed(AUTOTVM[1], ["result", 0], [float("nan")]),
    "infinity": changed(AUTOTVM[1], ["result", 0], [1e-3, float("inf")]),
    "beyond a double": changed(AUTOTVM[1], ["result", 0], [7]).replace("[7]", "[1e400]"),
    "null": changed(AUTOTVM[1], ["result", 0], [None]),
    "a time stamp before 1970": changed(AUTOTVM[1], ["result", 3], -1.5),
    "a time stamp in the future": changed(AUTOTVM[1], ["result", 3], 4102444800),
    "a time stamp that is none": changed(AUTOTVM[1], ["result", 3], float("nan")),
    "a trial that took infinitely long": changed(AUTOTVM[1], ["result", 2], float("inf")),
    "a knob that is no number": changed(AUTOTVM[1], ["config", "index"], float("nan")).replace("NaN", '5, "note": NaN'),
}
ANSOR_ODD: dict[str, str] = {
    "0 s": changed(ANSOR[1], ["r", 0], [0]),
    "as C++ writes it": changed(ANSOR[1], ["r", 0], [float("nan")]).replace("NaN", "-nan"),
    "infinity as C++ writes it": changed(ANSOR[1], ["r", 0], [float("inf")]).replace("Infinity", "inf"),
    "none at all": changed(ANSOR[1], ["r", 0], []),
    "a time stamp before 1970": changed(ANSOR[1], ["r", 3], -1),
    "a time stamp in the future": changed(ANSOR[1], ["r", 3], 4102444800),
}
ODD = [
    *(pytest.param(AUTOTVM, line, id=f"AutoTVM, {name}") for name, line in AUTOTVM_ODD.items()),
    *(pytest.param(ANSOR, line, id=f"Ansor, {name}") for name, line in ANSOR_ODD.items()),
]


@pytest.mark.parametrize(("log", "odd"), ODD)
def test_an_import_counts_it_as_failed_and_says_so(cli: Any, tmp_path: Path, log: list[str], odd: str) -> None:
    path = tmp_path / "tuning.log"
    path.write_text("\n".join([log[0], odd, log[2], ""]))
    result = cli.json("import", path, "--platform", "board")
    assert cli.code == 0
    assert {name: result[name] for name in ("read", "failed", "kept")} == {"read": 3, "failed": 1, "kept": 2}
    assert [said.startswith(f"{path}, line 2: ") for said in result["unusable"]] == [True]
    assert "warning: 1 trial taken as failed, for want of a usable run time:" in cli.err
    (effort,) = cli.lines("trials")
    assert (effort["trials"], effort["failed"]) == (3, 1)
    assert cli("check").code == 0
    assert cli.json("import", path, "--platform", "board")["already"]


WRITTEN = [
    (AUTOTVM, AUTOTVM_ODD["NaN"], "a run time of NaN s"),
    (AUTOTVM, AUTOTVM_ODD["infinity"], "a run time of inf s"),
    (AUTOTVM, AUTOTVM_ODD["beyond a double"], "a run time of inf s"),
    (AUTOTVM, AUTOTVM_ODD["null"], "a run time of null s"),
    (AUTOTVM, AUTOTVM_ODD["infinity"].replace("Infinity", "-1e400"), "a run time of -inf s"),
    (AUTOTVM, AUTOTVM_ODD["a trial that took infinitely long"], "a trial that took inf s"),
    (AUTOTVM, AUTOTVM_ODD["a time stamp that is none"], "a time stamp of NaN s"),
    (AUTOTVM, AUTOTVM_ODD["a time stamp in the future"], "a time stamp in the future, 2100-01-01T00:00:00.000Z"),
    (AUTOTVM, AUTOTVM_ODD["a knob that is no number"], "a number that is none"),
    (ANSOR, ANSOR_ODD["as C++ writes it"], "a run time of NaN s"),
    (ANSOR, ANSOR_ODD["infinity as C++ writes it"], "a run time of inf s"),
]


@pytest.mark.parametrize(("log", "odd", "why"), WRITTEN)
def test_it_is_called_what_it_is(library: ConfigLibrary, tmp_path: Path, log: list[str], odd: str, why: str) -> None:
    path = tmp_path / "tuning.log"
    path.write_text(f"{log[0]}\n{odd}\n")
    assert library.import_logs(path, platform="board").unusable == (f"{path}, line 2: {why}",)


def at(line: str, seconds: float) -> str:
    return changed(line, ["result", 3], seconds)


def test_a_clock_that_is_an_hour_ahead_costs_nothing(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text(at(AUTOTVM[0], time.time() + 3600) + "\n")
    assert cli.json("import", path, "--platform", "board")["kept"] == 1


def test_an_import_never_ends_in_the_future(library: ConfigLibrary, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text("\n".join([at(AUTOTVM[0], 86400), at(AUTOTVM[1], 4102444800), ""]))
    job = library.import_logs(path, platform="board").job
    assert job is not None
    header = library.show_job(job).header
    assert (header.started, header.finished) == ("1970-01-02T00:00:00.000Z",) * 2


def test_what_is_yet_to_come_and_what_has_come_are_two_jobs(
    library: ConfigLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one id two libraries would hold different bytes."""
    path = tmp_path / "tuning.log"
    path.write_text("\n".join([at(AUTOTVM[0], 86400), at(AUTOTVM[1], 4102444800), ""]))
    later = ConfigLibrary.init(tmp_path / "later")
    first = library.import_logs(path, platform="board")
    again = library.import_logs(path, platform="board")
    monkeypatch.setattr(time, "time", lambda: 4102444800.0)
    then = later.import_logs(path, platform="board")
    assert (again.already, again.job) == (True, first.job)
    assert then.job not in (None, first.job)
    assert (first.counts.failed, then.counts.failed) == (1, 0)


def test_a_job_whose_clock_was_set_back_ends_no_earlier_than_it_began(
    library: ConfigLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = library.begin_job(platform="board")
    job.log.write_text(AUTOTVM[0] + "\n")
    monkeypatch.setattr(time, "time", lambda: 1700000000.0)
    library.finish_job(job.id)
    header = library.show_job(job.id).header
    assert (header.started, header.finished) == ("2023-11-14T22:13:20.000Z",) * 2


def test_what_tvm_does_not_ask_for_costs_nothing(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    untimed = changed(AUTOTVM[1], ["result", 2], None)
    undated = changed(AUTOTVM[2], ["result", 3], None)
    newer = changed(AUTOTVM[3], ["version"], 0.3)
    numbered = changed(AUTOTVM[4], ["tvm_version"], 7)
    path.write_text("\n".join([AUTOTVM[0], untimed, undated, newer, numbered, ""]))
    result = cli.json("import", path, "--platform", "board")
    assert (cli.code, result["read"], result["failed"], result["kept"]) == (0, 5, 0, 5)
    assert result["unusable"] == []
    assert cli("check").code == 0


def test_a_line_that_stock_tvm_skips_is_not_imported(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text("\n".join([AUTOTVM[0], changed(AUTOTVM[1], ["v"], 0.1), AUTOTVM[2], ""]))
    cli("import", path, "--platform", "board")
    assert cli.code == 4
    assert f"{path}, line 2, field v: TVM skips every line whose v is 0.1" in cli.err
    result = cli.json("import", path, "--platform", "board", "--skip-invalid")
    assert (cli.code, result["read"], len(result["left_out"])) == (0, 2, 1)


@pytest.mark.parametrize(("log", "odd"), ODD)
def test_a_job_is_finished_with_it(library: ConfigLibrary, log: list[str], odd: str) -> None:
    job = library.begin_job(platform="board")
    job.log.write_text("\n".join([log[0], odd]))
    result = library.finish_job()
    assert (result.counts.read, result.counts.failed, result.counts.kept) == (2, 1, 1)
    assert len(result.unusable) == 1
    assert library.open_jobs() == []
    assert library.check() == []


def test_case_03_a_zero_from_a_coarse_timer_is_a_failed_trial(cli: Any) -> None:
    job = cli.json("job", "start", "--platform", "board")
    shutil.copy(CASES / "03" / "tuning.log", job["log"])
    result = cli.json("job", "finish")
    assert (cli.code, result["read"], result["failed"], result["kept"]) == (0, 2, 1, 1)
    assert result["unusable"] == [f"{job['log']}, line 2: a run time of 0 s"]
    (best,) = cli.lines("best")
    assert best["cost"] == 2e-05


@pytest.mark.parametrize("text", ["0.0", "NaN", "-1e-3", "1e999", "", "0.001, nan"])
def test_a_database_counts_it_as_failed_too(cli: Any, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "db"
    shutil.copytree(DATABASE, folder)
    first, *rest = (folder / RECORD_FILE).read_text().splitlines()
    (workload, (trace, _, target, args)) = json.loads(first)
    odd = json.dumps([workload, [trace, ["TIMES"], target, args]]).replace('"TIMES"', text)
    (folder / RECORD_FILE).write_text("\n".join([odd, *rest, ""]))
    failed = sum(min(json.loads(line)[1][1]) >= 1e10 for line in rest)
    result = cli.json("import", folder, "--platform", "board")
    assert (result["read"], result["failed"], len(result["unusable"])) == (1 + len(rest), 1 + failed, 1)
    assert cli("check").code == 0


@pytest.mark.parametrize("factors", [[0, 4], [-4], [2**53], [2**62] * 300], ids=["0", "below 0", "long", "endless"])
def test_a_split_that_no_axis_has_is_kept_and_is_no_history(cli: Any, tmp_path: Path, factors: list[int]) -> None:
    folder = shutil.copytree(DATABASE, tmp_path / "db")
    records = (folder / RECORD_FILE).read_text().splitlines()
    odd = changed(records[0], [1, 0, 1, 0, 1], factors)
    (folder / RECORD_FILE).write_text("\n".join([odd, *records[1:4], ""]))
    assert cli.json("import", folder, "--platform", "board")["read"] == 4, cli.err
    assert cli("check").code == 0


@pytest.mark.parametrize("depth", [900, 20_000])
def test_a_workload_key_that_is_nested_beyond_reason_stops_no_command(cli: Any, tmp_path: Path, depth: int) -> None:
    log = tmp_path / "tuning.json"
    log.write_text(changed(ANSOR[0], ["i", 0, 0], f'["mm",{"[" * depth}{"]" * depth}]') + f"\n{ANSOR[1]}\n")
    assert cli("import", log, "--platform", "board").code == 0
    for command in (["best"], ["trials"], ["log"], ["blame"], ["check"], ["best", "--workload", "mm"]):
        assert cli(*command).code == 0, cli.err


def test_a_log_in_a_folder_may_begin_with_it(library: ConfigLibrary, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "tuning.log").write_text(f"{AUTOTVM_ODD['NaN']}\n{AUTOTVM[2]}\n")
    result = library.import_logs(tmp_path / "logs", platform="board")
    assert (result.counts.read, result.counts.failed, result.no_logs) == (2, 1, ())


# What others log into a job


def test_what_does_not_belong_is_left_out_of_a_job_when_asked(cli: Any) -> None:
    target = json.loads(AUTOTVM[0])["input"][0]
    job = cli.json("job", "start", "--platform", "board", "--target", target)
    foreign = changed(AUTOTVM[1], ["input", 0], "cuda -arch=sm_80")
    wrong = changed(AUTOTVM[2], ["input", 1], 7)
    Path(job["log"]).write_text("\n".join([AUTOTVM[0], foreign, wrong, AUTOTVM[3], ""]))
    cli("job", "finish")
    assert cli.code == 4
    assert f"{job['log']}, line 2: a record for cuda" in cli.err
    assert f"tvmgitlib job finish {job['job']} --skip-invalid commits the rest" in cli.err
    result = cli.json("job", "finish", job["job"], "--skip-invalid")
    assert (cli.code, result["read"], result["kept"]) == (0, 2, 2)
    first, second = result["left_out"]
    assert first.startswith(f"{job['log']}, line 2: a record for cuda")
    assert second == f"{job['log']}, line 3, field input[1]: the task's name has to be text, it is 7"
    assert cli("check").code == 0


def test_python_can_leave_it_out_too(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_text("\n".join([AUTOTVM[0], "{}", ""]))
    with pytest.raises(RecordError, match="--skip-invalid"):
        library.finish_job()
    result = library.finish_job(skip_invalid=True)
    assert (result.counts.kept, len(result.left_out)) == (1, 1)


def test_an_import_names_the_way_on(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text(f"{AUTOTVM[0]}\n{{}}\n")
    assert "--skip-invalid imports the rest without such lines" in cli("import", path, "--platform", "board").err


def test_a_platform_that_nothing_names_is_not_skipped(library: ConfigLibrary, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text(changed(AUTOTVM[0], ["input", 0], "opencl -device=mali"))
    with pytest.raises(Exception, match="nothing says which platform"):
        library.import_logs(path, skip_invalid=True)


def test_an_import_for_one_target_leaves_others_out_when_asked(library: ConfigLibrary, tmp_path: Path) -> None:
    path = tmp_path / "tuning.log"
    path.write_text("\n".join([AUTOTVM[0], changed(AUTOTVM[1], ["input", 0], "cuda -arch=sm_80"), ""]))
    target = json.loads(AUTOTVM[0])["input"][0]
    with pytest.raises(JobError):
        library.import_logs(path, platform="board", target=target)
    assert library.import_logs(path, platform="board", target=target, skip_invalid=True).counts.read == 1


# Forks and old versions


@pytest.mark.parametrize("name", ["config_key", "end_time", "no_version", "plain"])
def test_case_09_what_tvm_reads_is_read_and_kept_to_the_byte(cli: Any, name: str) -> None:
    path = CASES / "09" / f"{name}.log"
    assert cli.json("import", path, "--platform", "adreno")["kept"] == 1
    (file,) = (cli.library / "configs").glob("*/*/autotvm.jsonl")
    native = path.read_bytes().rstrip(b"\n")
    assert file.read_bytes().startswith(native[:-1] + b', "x-tvmgitlib": ')
    assert cli("check").code == 0
    assert cli("rebuild").code == 0
    again = cli.library.parent / "again.log"
    cli("export", "--format", "autotvm", "-o", again)
    assert again.read_bytes() == native + b"\n"


def test_what_a_fork_adds_is_no_part_of_what_a_record_is(cli: Any, tmp_path: Path) -> None:
    lines = [(CASES / "09" / f"{name}.log").read_text() for name in ("plain", "config_key", "no_version", "end_time")]
    path = tmp_path / "all.log"
    path.write_text("".join(lines))
    result = cli.json("import", path, "--platform", "adreno")
    # One config of one workload; end_time repeats the measurement of plain.
    assert (result["read"], result["workloads"], result["duplicates"], result["kept"]) == (4, 1, 1, 1)


@pytest.mark.parametrize(
    ("key", "value", "version"),
    [
        ("version", "", "0.8.dev0"),
        ("version", None, "0.8.dev0"),
        ("tvm_version", "", None),
        ("tvm_version", None, None),
        ("tvm_version", "v0.8.0", "0.8.0"),
        ("native", {"x": 1}, "0.8.dev0"),
        ("x-tvmgitlib-fork", "a", "0.8.dev0"),
    ],
)
def test_spellings_of_versions_and_keys(
    library: ConfigLibrary, tmp_path: Path, key: str, value: Any, version: str | None
) -> None:
    path = tmp_path / "fork.log"
    path.write_text(changed((CASES / "09" / "plain.log").read_text(), [key], value))
    assert library.import_logs(path, platform="adreno").counts.kept == 1
    (best,) = library.best()
    assert best.tuned_with.version == version
    assert json.loads(best.native) == json.loads(path.read_text())
    (file,) = (library.path / "configs").glob("*/*/autotvm.jsonl")
    assert library.import_logs(file, platform="adreno").commit is None  # its line says the same


@pytest.mark.parametrize("version", ["v0.1", "v0.9", ...])
def test_versions_of_ansors_format(library: ConfigLibrary, tmp_path: Path, version: Any) -> None:
    document = json.loads(ANSOR[0])
    if version is ...:
        del document["v"]
    else:
        document["v"] = version
    path = tmp_path / "ansor.json"
    path.write_text(json.dumps(document))
    assert library.import_logs(path, platform="board").counts.kept == 1


def test_a_job_of_a_fork_is_finished(cli: Any) -> None:
    job = cli.json("job", "start", "--platform", "adreno")
    lines = ("plain", "end_time")
    Path(job["log"]).write_text("".join((CASES / "09" / f"{name}.log").read_text() for name in lines))
    assert (cli.json("job", "finish")["read"], cli.code) == (2, 0)


# What nobody has measured


def test_case_13_what_nobody_has_measured_is_no_trial(cli: Any) -> None:
    result = cli.json("import", CASES / "13", "--platform", "p")
    assert (cli.code, result["read"], result["failed"], result["kept"], result["unmeasured"]) == (0, 1, 0, 1, 1)
    assert "1 record that nobody has measured left out: neither trials nor failures." in cli.err
    assert cli("check").code == 0
    assert cli.json("import", CASES / "13", "--platform", "p")["already"]


def unmeasured_only(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy(CASES / "13" / WORKLOAD_FILE, folder)
    (folder / RECORD_FILE).write_text((CASES / "13" / RECORD_FILE).read_text().splitlines()[0] + "\n")


def test_a_database_of_nothing_else_is_nothing_new(cli: Any, tmp_path: Path) -> None:
    unmeasured_only(tmp_path / "db")
    result = cli.json("import", tmp_path / "db", "--platform", "p")
    assert (cli.code, result["job"], result["read"], result["unmeasured"]) == (0, None, 0, 1)


@pytest.mark.parametrize("measured", [False, True], ids=["alone", "beside a measured one"])
def test_it_does_not_block_a_job(library: ConfigLibrary, measured: bool) -> None:
    job = library.begin_job(platform="p")
    if measured:
        shutil.copytree(CASES / "13", job.work_dir, dirs_exist_ok=True)
    else:
        unmeasured_only(job.work_dir)
    result = library.finish_job()
    assert (result.job is not None, result.unmeasured) == (measured, 1)
    assert library.open_jobs() == []


@pytest.mark.parametrize("run_secs", [None, [1e10]], ids=["unmeasured", "as an earlier version logged it"])
def test_a_stuck_job_gets_unstuck(library: ConfigLibrary, run_secs: Any) -> None:
    job = library.begin_job(platform="p")
    shutil.copytree(CASES / "13", job.work_dir, dirs_exist_ok=True)
    records = job.work_dir / RECORD_FILE
    lines = records.read_text().splitlines()
    records.write_text("\n".join([changed(lines[0], [1, 1], run_secs), lines[1], ""]))
    result = library.finish_job()
    assert (result.counts.read, result.counts.failed, result.unmeasured) == (1, 0, 1)


@pytest.mark.parametrize(("at", "what"), [(2, "target"), (3, "args_info")])
def test_what_a_measured_record_lacks_is_named(library: ConfigLibrary, at: int, what: str) -> None:
    job = library.begin_job(platform="p")
    shutil.copytree(CASES / "13", job.work_dir, dirs_exist_ok=True)
    records = job.work_dir / RECORD_FILE
    _, line = records.read_text().splitlines()
    records.write_text(f"{line}\n{changed(line, [1, at], None)}\n")
    with pytest.raises(
        RecordError, match=rf"line 2, field \[1\]\[{at}\]: the record lacks its {what}\n.*--skip-invalid"
    ):
        library.finish_job()
    assert library.finish_job(skip_invalid=True).counts.kept == 1


# Equal measurements in one database


def cut(folder: Path, lines: int) -> Path:
    """Case 15 as it was when so many of its records were written."""
    folder.mkdir(exist_ok=True)
    shutil.copy(CASES / "15" / WORKLOAD_FILE, folder)
    (folder / RECORD_FILE).write_text("".join((CASES / "15" / RECORD_FILE).read_text().splitlines(True)[:lines]))
    return folder


def recorded(cli: Any) -> tuple[int, int]:
    (effort,) = cli.lines("trials")
    return effort["trials"], effort["failed"]


def test_case_15_a_line_of_a_database_is_a_measurement(cli: Any, tmp_path: Path) -> None:
    result = cli.json("import", CASES / "15", "--platform", "p")
    assert (result["read"], result["failed"], result["duplicates"]) == (3, 3, 0)
    assert recorded(cli) == (3, 3)
    assert cli("check").code == 0
    copied = cli.json("import", cut(tmp_path / "copy", 3), "--platform", "p", "--set", "seen=again")
    assert copied["failed"] == 3
    assert recorded(cli) == (3, 3)


@pytest.mark.parametrize("cuts", [(1, 2, 3), (2, 3), (1, 3), (3, 3), (3, 1)], ids=str)
def test_the_cuts_of_imports_do_not_matter(cli: Any, tmp_path: Path, cuts: tuple[int, ...]) -> None:
    for lines in cuts:
        cli("import", cut(tmp_path / "db", lines), "--platform", "p")
        assert cli.code == 0
    assert recorded(cli) == (3, 3)


def test_a_second_import_of_the_same_lines_counts_nothing(cli: Any, tmp_path: Path) -> None:
    cli("import", cut(tmp_path / "one", 3), "--platform", "p")
    folder = cut(tmp_path / "two", 2)
    assert cli.json("import", folder, "--platform", "p")["commit"] is None
    assert recorded(cli) == (3, 3)


def test_equal_successes_are_measurements_too(library: ConfigLibrary, tmp_path: Path) -> None:
    folder = cut(tmp_path / "db", 3)
    records = folder / RECORD_FILE
    records.write_text(records.read_text().replace("10000000000.0", "1e-06"))
    result = library.import_logs(folder, platform="p")
    assert (result.counts.read, result.counts.duplicates, result.counts.kept, result.counts.dropped) == (3, 0, 1, 2)


def test_why_equal_records_failed_is_told_one_by_one(
    library: ConfigLibrary, make_failures: Callable[..., None]
) -> None:
    job = library.begin_job(platform="p")
    shutil.copytree(CASES / "15", job.work_dir, dirs_exist_ok=True)
    make_failures(job.work_dir, ["build_timeout", "compile_host", "run_timeout"])
    library.finish_job()
    (effort,) = library.trials()
    assert effort.errors == {"build_timeout": 1, "compile_host": 1, "run_timeout": 1}


@pytest.fixture
def make_failures() -> Callable[..., None]:
    """Note why the records of a database failed, as a live job does: `make_failures(folder, kinds)`."""
    from hashlib import sha256

    from tvmgitlib.families.metaschedule import ERROR_FILE

    def make(folder: Path, kinds: list[str]) -> None:
        lines = (folder / RECORD_FILE).read_bytes().splitlines()
        notes = [
            {"record": sha256(line).hexdigest(), "error": kind, "text": ""}
            for line, kind in zip(lines, kinds, strict=True)
        ]
        (folder / ERROR_FILE).write_text("".join(f"{json.dumps(note)}\n" for note in notes))

    return make


def test_a_job_without_a_platform_is_given_one_in_the_end(cli: Any) -> None:
    job = cli.json("job", "start")
    Path(job["log"]).write_text(changed(AUTOTVM[0], ["input", 0], "opencl -device=mali") + "\n")
    cli("job", "finish", "--skip-invalid")
    assert (cli.code, "Give its name with --platform NAME" in cli.err) == (4, True)
    assert cli("job", "finish", "--platform", "no/name").code == 4
    assert cli.json("job", "finish", "--platform", "board")["platforms"] == ["board"]


def test_what_a_job_cannot_be_resumed_for_names_the_way_on(library: ConfigLibrary) -> None:
    job = library.begin_job(platform="board")
    job.log.write_text("{}\n")
    with pytest.raises(RecordError, match=f"tvmgitlib job finish {job.id} --skip-invalid"):
        list(read_job(job))
