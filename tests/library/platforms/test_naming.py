"""Which platform a record is of: its target's, the user's, or this machine where it was measured here."""

from __future__ import annotations

import json
import platform as system
import shutil
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, Selection
from tvmgitlib.library.platforms import detect_for, detect_platform
from tvmgitlib.library.reading import Lookup
from tvmgitlib.model import PlatformError, TvmVersion, parse_target

DATA = Path(__file__).parents[2] / "data"
CASES = DATA / "cases"
LINES = (DATA / "tvm-logs/autotvm/t0_tvmgitlib_matmul_random.log").read_bytes().splitlines(keepends=True)
TARGET = b"llvm -keys=cpu -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"
HERE = f"llvm -mtriple={system.machine()}-linux-gnu"


def log_of(folder: Path, target: str, lines: int = 1) -> Path:
    """A log of AutoTVM for a target."""
    log = folder / "tuning.log"
    log.write_bytes(b"".join(LINES[:lines]).replace(TARGET, target.encode()))
    return log


def database_of(folder: Path, target: dict[str, Any]) -> Path:
    """A database of MetaSchedule for a target."""
    db = folder / "db"
    shutil.copytree(DATA / "tvm-logs/metaschedule/v27_mm128", db)
    records = db / "database_tuning_record.json"
    rows = [json.loads(line) for line in records.read_text().splitlines()]
    for row in rows:
        row[1][2] = target
    records.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    return db


def ansor_of(folder: Path, target: str) -> Path:
    """A log of Ansor for a target."""
    log = folder / "ansor.json"
    rows = [json.loads(line) for line in (DATA / "tvm-logs/ansor/mm_128x128x128.json").read_text().splitlines()]
    for row in rows:
        row["i"][0][1] = target
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return log


# Imports


def test_a_raspberrys_log_is_not_taken_for_this_machines(cli: Any) -> None:
    cli("import", CASES / "02" / "pi.log")
    assert cli.code == 4
    assert "nothing says which platform was measured: the target llvm -device=arm_cpu names no model" in cli.err
    assert "--platform NAME" in cli.err
    assert cli.json("import", CASES / "02" / "pi.log", "--platform", "pi-4")["platforms"] == ["pi-4"]
    assert ConfigLibrary(cli.library).platform("pi-4").facts == {}


@pytest.mark.parametrize("target", [HERE, "llvm", "c", "cuda", "opencl -device=mali", "llvm -mcpu=core-avx2"])
def test_nothing_is_detected_for_a_log(cli: Any, tmp_path: Path, target: str) -> None:
    cli("import", log_of(tmp_path, target))
    assert cli.code == 4
    assert "a log does not say where it was measured" in cli.err
    assert ("--platform this" in cli.err) == (detect_for(parse_target(target).target) is not None)
    assert cli.lines("log") == []


def test_nothing_is_detected_for_logs_of_the_other_families(library: ConfigLibrary, tmp_path: Path) -> None:
    for log in (ansor_of(tmp_path, HERE), database_of(tmp_path, parse_target(HERE).target.to_dict())):
        with pytest.raises(PlatformError, match="a log does not say where it was measured"):
            library.import_logs(log)
        assert library.import_logs(log, platform="this").platforms == (detect_platform().name,)


def test_this_says_that_a_log_was_measured_here(cli: Any, tmp_path: Path) -> None:
    log = log_of(tmp_path, HERE)
    result = cli.json("import", log, "--platform", "this", "--set", "cooling=fan")
    assert result["platforms"] == result["detected"] == [detect_platform().name]
    facts = ConfigLibrary(cli.library).platform(detect_platform().name).facts
    assert facts == {**detect_platform().facts, "cooling": "fan"}
    assert cli.json("import", log, "--platform", "this", "--set", "cooling=fan")["already"]
    assert [best["platform"] for best in cli.lines("best", "--platform", "this")] == result["platforms"]


@pytest.mark.parametrize("target", ["llvm -device=arm_cpu" if system.machine() == "x86_64" else "llvm", "c", "hexagon"])
def test_this_is_refused_where_this_machine_does_not_run_the_code(
    library: ConfigLibrary, tmp_path: Path, target: str
) -> None:
    if detect_for(parse_target(target).target) is not None:
        target = "opencl"
    with pytest.raises(PlatformError, match="is not this machine's"):
        library.import_logs(log_of(tmp_path, target), platform="this")


def test_this_selects_this_machines_records_only(library: ConfigLibrary, tmp_path: Path) -> None:
    library.import_logs(log_of(tmp_path, HERE), platform="another")
    assert library.best(Selection(platform="this")) == []
    library.import_logs(log_of(tmp_path, HERE), platform="this")
    here = Selection(platform="this")
    assert [best.platform for best in library.best(here)] == [detect_platform().name]
    assert [effort.platform for effort in library.trials(here)] == [detect_platform().name]
    assert len(library.log(here)) == 1


# Models that name nothing, and a name beside a model


def test_a_simulators_log_is_of_the_platform_that_the_user_names(cli: Any) -> None:
    result = cli.json("import", CASES / "05" / "sim.log", "--platform", "etiss-vp")
    assert (result["platforms"], result["overruled"]) == (["etiss-vp"], {})
    cli("import", CASES / "05" / "sim.log")
    assert "names no model" in cli.err


@pytest.mark.parametrize("model", ["host", "HOST", "unknown", "Unknown", "generic", "default", "none"])
def test_some_models_name_no_device(library: ConfigLibrary, tmp_path: Path, model: str) -> None:
    log = log_of(tmp_path, f"llvm -keys=cpu -model={model}")
    with pytest.raises(PlatformError):
        library.import_logs(log)
    assert library.import_logs(log, platform="board").platforms == ("board",)


@pytest.mark.parametrize("named", ["titan", "this"])
def test_a_name_that_a_model_overrules_is_told(cli: Any, tmp_path: Path, named: str) -> None:
    result = cli.json("import", log_of(tmp_path, "cuda -model=1080ti", 3), "--platform", named)
    assert (result["platforms"], result["overruled"]) == (["1080ti"], {"1080ti": 3})
    assert "The platform given was not used for 3 trials: their target's -model names 1080ti." in cli.err


def test_a_name_that_is_the_models_is_not_overruled(library: ConfigLibrary, tmp_path: Path) -> None:
    log = log_of(tmp_path, "cuda -model=1080ti")
    assert library.import_logs(log, platform="1080ti").overruled == {}
    other = ConfigLibrary.init(tmp_path / "other")
    assert other.import_logs(log).overruled == {}


def test_a_job_tells_at_its_start_and_its_end_that_its_name_is_not_used(
    library: ConfigLibrary, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = library.begin_job("cuda -model=1080ti", platform="titan")
    assert "platform titan is not used: the target's -model names 1080ti" in caplog.text
    job.log.write_bytes(log_of(tmp_path, "cuda -model=1080ti", 2).read_bytes())
    assert library.finish_job().overruled == {"1080ti": 2}


def test_a_lookup_tells_once_that_its_name_is_not_used(
    library: ConfigLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    with library._view.reading() as contents:
        lookup = Lookup(contents, TvmVersion.parse("hhb-tvm==0.16.dev0"), "titan")
        for target in ("cuda -model=1080ti", "cuda -model=1080ti", "cuda -model=titan"):
            lookup.platform_of(parse_target(target))
    assert [record.getMessage() for record in caplog.records] == [
        "platform titan is not used for cuda -model=1080ti: its -model names 1080ti"
    ]


# Live jobs


def test_this_is_the_platform_of_a_job_here_and_refused_elsewhere(library: ConfigLibrary) -> None:
    assert library.begin_job(HERE, platform="this").spec.platform_name == detect_platform().name
    for told in ({"platform": "this"}, {}):
        with pytest.raises(PlatformError, match="is not this machine's target"):
            library.begin_job("opencl -device=mali", **told)  # type: ignore[arg-type]


def test_a_jobs_own_log_is_measured_here_also_without_a_target(library: ConfigLibrary, tmp_path: Path) -> None:
    job = library.begin_job()
    job.log.write_bytes(log_of(tmp_path, HERE).read_bytes())
    result = library.finish_job()
    assert result.platforms == (detect_platform().name,)
