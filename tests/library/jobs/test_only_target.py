"""A file with records of several devices is split by their targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import RecordError, TargetError

DATA = Path(__file__).parents[2] / "data"
BOTH = DATA / "cases" / "04" / "db"
PHONE = "opencl -host='llvm -mtriple=arm64-linux-android'"
LINES = (DATA / "tvm-logs/autotvm/t0_tvmgitlib_matmul_random.log").read_bytes().splitlines(keepends=True)
TARGET = b"llvm -keys=cpu -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"


def log_of(folder: Path, *targets: str) -> Path:
    log = folder / "tuning.log"
    log.write_bytes(b"".join(line.replace(TARGET, each.encode()) for each, line in zip(targets, LINES, strict=False)))
    return log


def test_two_imports_of_one_database_give_two_platforms(cli: Any) -> None:
    phone = cli.json("import", BOTH, "--platform", "phone", "--only-target", PHONE)
    assert (phone["read"], phone["platforms"]) == (1, ["phone"])
    assert phone["other_targets"] == {"metal -host=[llvm -mtriple=arm64-apple-macos]": 1}
    assert "1 record of other targets left out:" in cli.err
    mac = cli.json("import", BOTH, "--platform", "mac", "--only-target", "metal")
    assert (mac["read"], mac["platforms"]) == (1, ["mac"])
    assert sorted(best["platform"] for best in cli.lines("best")) == ["mac", "phone"]
    assert cli.json("import", BOTH, "--platform", "mac", "--only-target", "metal")["already"]
    assert cli("check").code == 0


def test_two_imports_for_one_platform_are_two_jobs(library: ConfigLibrary) -> None:
    first = library.import_logs(BOTH, platform="lab", only_target="metal")
    second = library.import_logs(BOTH, platform="lab", only_target="opencl")
    assert (first.counts.read, second.counts.read) == (1, 1)
    assert first.job != second.job
    assert library.import_logs(BOTH, platform="lab").commit is None


@pytest.mark.parametrize(
    ("only", "read"),
    [
        (["cuda"], 3),
        (["cuda -model=1080ti"], 1),
        (["cuda -model=1080ti", "rocm"], 2),
        (["cuda", "rocm"], 4),
        ([{"kind": "cuda", "model": "titan"}], 1),
        ("rocm", 1),
        ((), 5),
        (None, 5),
        (["cuda -max_num_threads=256"], 2),
    ],
)
def test_what_a_target_says_its_records_say(library: ConfigLibrary, tmp_path: Path, only: Any, read: int) -> None:
    log = log_of(
        tmp_path,
        *("cuda -model=1080ti", "cuda -model=titan -max_num_threads=1024", "cuda -keys=cuda,gpu", "rocm", "opencl"),
    )
    result = library.import_logs(log, platform="board", only_target=only)
    assert (result.counts.read, sum(result.other_targets.values())) == (read, 5 - read)


@pytest.mark.parametrize(("host", "read"), [("arm64-linux-android", 1), ("x86_64-linux-gnu", 0)])
def test_a_host_that_is_given_has_to_be_the_records(library: ConfigLibrary, host: str, read: int) -> None:
    wanted = ["metal", f"opencl -host='llvm -mtriple={host}'"]
    assert library.import_logs(BOTH, platform="x", only_target=wanted).counts.read == 1 + read


def test_where_no_record_is_of_the_target_those_that_are_there_are_named(cli: Any) -> None:
    cli("import", BOTH, "--platform", "x", "--only-target", "cuda")
    assert cli.code == 4
    assert "there is no record of the targets asked for" in cli.err
    assert "It holds 2 records of other targets: metal" in cli.err


def test_a_target_that_does_not_parse_is_refused(library: ConfigLibrary) -> None:
    with pytest.raises(TargetError):
        library.import_logs(BOTH, platform="x", only_target="llvm -")
    with pytest.raises(RecordError):
        library.import_logs(BOTH / "nothing", platform="x", only_target="cuda")


def test_a_log_that_grew_counts_its_tail_for_the_same_targets(library: ConfigLibrary, tmp_path: Path) -> None:
    library.import_logs(log_of(tmp_path, "cuda", "rocm"), platform="x", only_target="cuda")
    grown = log_of(tmp_path, "cuda", "rocm", "cuda", "cuda")
    assert library.import_logs(grown, platform="x", only_target="cuda").counts.read == 2
    assert library.import_logs(grown, platform="x", only_target="rocm").counts.read == 1


def test_a_job_of_one_target_names_the_way_on(cli: Any) -> None:
    cli("import", BOTH, "--platform", "phone", "--target", "opencl")
    assert "--only-target" in cli.err
