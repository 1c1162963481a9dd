from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import families
from tvmgitlib.format import schema
from tvmgitlib.model import ERROR_KINDS, RecordError, TargetError, TuningRecord, canonical_json, read_json

AUTOTVM = families.family("autotvm")


def line(**changes: Any) -> bytes:
    document = {
        "input": ["llvm -mcpu=haswell", "conv2d.x86", [["TENSOR", [1, 3], "float32"], 1, 0.5, "é"], {}],
        "config": {"index": 7, "code_hash": None, "entity": [["tile", "sp", [-1, 4]], ["unroll", "an", True]]},
        "result": [[0.002, 0.004], 0, 1.5, 1700000000.25],
        "version": 0.2,
        "tvm_version": "0.16.dev0",
    }
    return json.dumps(document | changes).encode()


def record(native: bytes) -> TuningRecord:
    return AUTOTVM.record(read_json(native), native)


def test_what_a_line_says() -> None:
    found = record(line())
    assert found.family == "autotvm"
    assert found.target.text == "llvm -mcpu=haswell"
    assert found.target.target.label == "llvm -mcpu=haswell"
    assert found.workload.text == '["conv2d.x86",[["TENSOR",[1,3],"float32"],1,0.5,"é"]]'
    assert found.costs == (0.002, 0.004)
    assert found.cost == 0.003
    assert found.error is None
    assert found.measured_at == 1700000000.25
    assert found.tvm_version == "0.16.dev0"
    assert found.native == line()


def test_kwargs_belong_to_the_workload() -> None:
    plain = record(line(input=["llvm", "dense", [1], {}])).workload
    with_kwargs = record(line(input=["llvm", "dense", [1], {"b": 2, "a": 1}])).workload
    assert with_kwargs.text == '["dense",[1],{"a":1,"b":2}]'
    assert plain != with_kwargs
    assert with_kwargs == record(line(input=["llvm", "dense", [1], {"a": 1, "b": 2}])).workload


def test_integers_and_floats_are_different_arguments() -> None:
    assert record(line(input=["llvm", "f", [1], {}])).workload != record(line(input=["llvm", "f", [1.0], {}])).workload


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**64 - 1])
def test_arguments_of_64_bits_are_exact(number: int) -> None:
    assert record(line(input=["llvm", "f", [number], {}])).workload.text == f'["f",[{number}]]'


@pytest.mark.parametrize("place", [[2**64], [[{"a": -(2**64)}]], [1e300]])
def test_arguments_that_reading_would_round_are_refused(place: Any) -> None:
    with pytest.raises(RecordError, match="beyond 64 bits") as caught:
        record(line(input=["llvm", "f", place, {}]))
    assert caught.value.field == "input"


def test_a_workload_longer_than_a_segment_holds_is_refused() -> None:
    with pytest.raises(RecordError, match="65,536 characters"):
        record(line(input=["llvm", "f", ["x" * 65536], {}]))


def test_a_config_is_its_schedule_and_not_its_index() -> None:
    config = {"index": 8, "code_hash": "abc", "entity": [["tile", "sp", [-1, 4]], ["unroll", "an", True]]}
    assert record(line(config=config)).config == record(line()).config
    other = config | {"entity": [["tile", "sp", [-1, 8]], ["unroll", "an", True]]}
    assert record(line(config=other)).config != record(line()).config


@pytest.mark.parametrize(
    ("costs", "number", "error"),
    [
        ([0.001], 0, None),
        ([1e9], 0, "unknown"),
        ([1e9, 0.1], 0, None),
        *[([1e9], number, kind) for number, kind in enumerate(ERROR_KINDS, start=1)],
        ([1e9], 9, "unknown"),
        ([1e9], 4.0, "runtime_device"),  # JSON has no other integers than 4.0
        ([1e9], 1e300, "unknown"),
    ],
)
def test_error_kinds(costs: list[float], number: float, error: str | None) -> None:
    found = record(line(result=[costs, number, 1.0, 1.0]))
    assert found.error == error
    assert (found.cost == math.inf) == (error is not None)


@pytest.mark.parametrize(("costs", "mean"), [([1], 1.0), ([5e-324] * 3, 5e-324), ([1e-3, 3e-3], 2e-3)])
def test_costs_are_doubles(costs: list[float], mean: float) -> None:
    found = record(line(result=[costs, 0, 1.0, 1.0]))
    assert found.cost == mean
    assert all(type(cost) is float for cost in found.costs)


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
    ],
)
@pytest.mark.parametrize("number", [0, 4])
def test_a_success_whose_times_can_be_none_failed(
    costs: list[Any], all_cost: float | None, at: float | None, why: str, number: int
) -> None:
    found = record(line(result=[costs, number, all_cost, at]))
    assert found.unusable == (why if number == 0 else None)
    assert found.error == ("unknown" if number == 0 else "runtime_device")
    assert found.cost == math.inf
    assert found.measurement  # it has a name, so that it is counted


@pytest.mark.parametrize("value", [None, "soon", True, []])
@pytest.mark.parametrize("at", [2, 3])
def test_what_tvm_does_not_ask_for_voids_no_cost(at: int, value: Any) -> None:
    result = [[0.002, 0.004], 0, 1.5, 1700000000.25]
    result[at] = value
    schema.check_record(read_json(line(result=result)), AUTOTVM)
    found = record(line(result=result))
    assert (found.unusable, found.error, found.cost) == (None, None, 0.003)
    assert found.measured_at == (None if at == 3 else 1700000000.25)


@pytest.mark.parametrize("version", [0.3, 0.2, 7, "0.2", None, ["0.2"]])
def test_nor_does_it_ask_for_the_version_of_the_format(version: Any) -> None:
    schema.check_record(read_json(line(version=version)), AUTOTVM)
    assert record(line(version=version)).measurement == record(line()).measurement


@pytest.mark.parametrize(
    ("said", "version"),
    [("v0.8.0", "0.8.0"), (0.8, "0.8"), (7, "7"), ("", None), (None, None), (True, None), (["0.8"], None)],
)
def test_the_tvm_that_wrote_a_line(said: Any, version: str | None) -> None:
    schema.check_record(read_json(line(tvm_version=said)), AUTOTVM)
    assert record(line(tvm_version=said)).tvm_version == version


def test_a_line_that_tvm_skips_is_refused() -> None:
    with pytest.raises(RecordError, match=r"TVM skips every line whose v is 0\.1") as caught:
        record(line(v=0.1))
    assert caught.value.field == "v"
    for other in (0.2, "0.1", None):
        assert record(line(v=other)).error is None


def test_a_line_need_not_name_a_tvm() -> None:
    document = json.loads(line())
    del document["tvm_version"]
    assert record(json.dumps(document).encode()).tvm_version is None


def test_a_target_that_does_not_parse() -> None:
    with pytest.raises(TargetError):
        record(line(input=["llvm -mcpu=a -mcpu=b", "f", [], {}]))


def test_the_librarys_own_key_is_not_taken_for_the_tuners() -> None:
    """Spliced in once more, the line would have the key twice."""
    with pytest.raises(RecordError, match="library's own") as caught:
        record(line(**{"x-tvmgitlib": {}}))
    assert caught.value.field == "x-tvmgitlib"
    assert record(line(**{"x-mine": {}})).error is None


@pytest.mark.parametrize("name", ["t0_tvmgitlib_matmul_ga", "t1_tvmgitlib_matmul_xgb", "t2_conv2d_NCHWc_x86_grid"])
def test_real_logs(logs: Path, name: str) -> None:
    lines = (logs / "autotvm" / f"{name}.log").read_bytes().splitlines()
    records = [record(native) for native in lines]
    assert all(families.family_of(native, read_json(native)).name == "autotvm" for native in lines)
    assert len(records) == 32
    assert len({found.workload for found in records}) == 1
    assert {found.tvm_version for found in records} == {"0.16.dev0"}
    assert {found.error for found in records} == {None}
    assert [found.native for found in records] == lines


@pytest.mark.parametrize("name", ["matmul_riscv_all_errors", "matmul_x86_all_rpc_errors"])
def test_real_failures(logs: Path, name: str) -> None:
    lines = (logs / "autotvm" / f"{name}.log").read_bytes().splitlines()
    assert {record(native).error for native in lines} == {"runtime_device"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [192, -1, 0, 2**63 - 1, -(2**63)],
        [["TENSOR", [1, 3, 224, 224], "float32"], [[1, 1], [0, 1]], None, True, "NCHW"],
        [1e16, 1e-7, 0.1, 5e-324, -0.0, 1.0],
        [{"b": 1, "a": [2]}, "{", "1.5", "8e4"],
        ['"', "\\", "\n\t\x01\x1f\x7f", "/", "\u00fc\u2028\U0001f600", "], {}]"],
    ],
)
@pytest.mark.parametrize("name", ["dense.x86", "tvmgitlib/matmul", "v8.2", 'a"b', "\u00fc"])
@pytest.mark.parametrize("keywords", [{}, {"z": 1, "a": 2.5}])
def test_the_identity_of_a_workload_is_canonical(name: str, arguments: list[Any], keywords: dict[str, Any]) -> None:
    tuned = AUTOTVM.tunes({"input": ["llvm", name, arguments, keywords]})
    assert tuned is not None
    assert tuned.text == canonical_json([name, arguments, *([keywords] if keywords else [])])
