from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import families
from tvmgitlib.format import schema
from tvmgitlib.model import TuningRecord, read_json

ANSOR = families.family("ansor")
KEY = '["matmul", 128, 128]'
STEPS = [["SP", 2, 0, 128, [1, 64], 1], ["AN", 2, 0, 3]]

# What the formats hold of a search task: v0.2 ends with the hardware, v0.6 with the names of inputs.
TASKS = {
    "v0.2": [KEY, "llvm -mcpu=haswell"],
    "v0.3": [KEY, "llvm -mcpu=haswell", [8, 64, 64, 0, 0, 0, 0, 0]],
    "v0.4": [KEY, "llvm -mcpu=haswell", [8, 64, 64, 0, 0, 0, 0, 0], ""],
    "v0.5": [KEY, "llvm -mcpu=haswell", [8, 64, 64, 0, 0, 0, 0, 0], "", 1],
    "v0.6": [KEY, "llvm -mcpu=haswell", [8, 64, 64, 0, 0, 0, 0, 0], "", 1, []],
}


def line(version: str = "v0.6", result: Any = ([0.002], 0, 0.5, 1700000000), steps: Any = STEPS) -> bytes:
    return json.dumps({"i": [TASKS[version], [[], steps]], "r": list(result), "v": version}).encode()


def record(native: bytes) -> TuningRecord:
    document = read_json(native)
    schema.check(document, "ansor")
    return ANSOR.record(document, native)


@pytest.mark.parametrize("version", TASKS)
def test_all_versions_say_the_same(version: str) -> None:
    found = record(line(version))
    assert found.family == "ansor"
    assert found.target.target.label == "llvm -mcpu=haswell"
    assert found.workload.text == KEY
    assert found.costs == (0.002,)
    assert found.error is None
    assert found.measured_at == 1700000000.0
    assert found.tvm_version is None
    assert found.config == record(line()).config
    assert found.native == line(version)


def test_a_config_is_its_steps() -> None:
    assert record(line(steps=STEPS[:1])).config != record(line()).config
    assert record(line(result=([0.5], 0, 0.5, 1))).config == record(line()).config


@pytest.mark.parametrize(
    ("costs", "number", "error"),
    [
        ([1e10], 0, "unknown"),
        ([1e9], 0, None),
        ([1e10], 2, "compile_host"),
        ([1e10], 6, "build_timeout"),
        ([1e10], 99, "unknown"),
    ],
)
def test_error_kinds(costs: list[float], number: int, error: str | None) -> None:
    assert record(line(result=(costs, number, 0.5, 1))).error == error


@pytest.mark.parametrize(
    ("costs", "all_cost", "at", "why"),
    [
        ([], 1.0, 1.0, "no run time"),
        ([0], 1.0, 1.0, "a run time of 0 s"),
        ([-0.0], 1.0, 1.0, "a run time of -0 s"),
        ([0.1, -1e-9], 1.0, 1.0, "a run time of -1e-09 s"),
        ([None], 1.0, 1.0, "a run time of null s"),
        ([0.1], 1.0, -5, "a time stamp of -5 s"),
        ([0.1], 1.0, 1e30, "a time stamp of 1e+30 s"),
        ([0.1], 1.0, None, "a time stamp of null s"),
        ([0.1], None, 1.0, "a trial that took null s"),
    ],
)
@pytest.mark.parametrize("number", [0, 4])
def test_a_success_whose_times_can_be_none_failed(
    costs: list[Any], all_cost: float | None, at: float | None, why: str, number: int
) -> None:
    found = record(line(result=(costs, number, all_cost, at)))
    assert found.unusable == (why if number == 0 else None)
    assert found.error == ("unknown" if number == 0 else "runtime_device")
    assert found.cost == math.inf
    assert found.measurement  # it has a name, so that it is counted


@pytest.mark.parametrize(("name", "errors"), [("mm_128x128x128", {None}), ("mm_64x256x512", {None, "build_timeout"})])
def test_real_logs(logs: Path, name: str, errors: set[str | None]) -> None:
    lines = (logs / "ansor" / f"{name}.json").read_bytes().splitlines()
    records = [record(native) for native in lines]
    assert all(families.family_of(native, read_json(native)).name == "ansor" for native in lines)
    assert len({found.workload for found in records}) == 1
    assert len({found.config for found in records}) > 1
    assert {found.error for found in records} == errors
    assert [found.native for found in records] == lines
