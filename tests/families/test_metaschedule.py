from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib import families
from tvmgitlib.families.metaschedule import (
    RECORD_FILE,
    WORKLOAD_FILE,
    database,
    module_tvm_version,
    read_workload,
)
from tvmgitlib.format import schema
from tvmgitlib.model import RecordError, TuningRecord, TvmgitlibError, Workload, read_json

METASCHEDULE = families.family("metaschedule")
LLVM = {"kind": "llvm", "mcpu": "haswell", "num-cores": 2, "tag": ""}
ARGS = [["TENSOR", "float32", [8, 8]], ["TENSOR", "int8", []]]


def module(nodes: Any = (), **holders: Any) -> str:
    """The base64 of a made-up module."""
    text = json.dumps({"root": 0, "nodes": list(nodes), **holders}).encode()
    return base64.b64encode(struct.pack("<Q", len(text)) + text).decode()


def workload_line(structural_hash: str = "123", **holders: Any) -> bytes:
    return json.dumps([structural_hash, module(**holders)]).encode()


def block(name: int, kind: str = "tir.Block") -> dict[str, Any]:
    return {"type_key": kind, "attrs": {"name_hint": str(name)}}


def text(value: str) -> dict[str, Any]:
    return {"type_key": "runtime.String", "repr_str": value}


def line(
    number: int = 0, costs: Any = (0.001,), target: Any = LLVM, args: Any = ARGS, trace: Any = ([["Enter"]], [])
) -> bytes:
    return json.dumps([number, [list(trace), list(costs), target, args]]).encode()


def record(native: bytes, workload: Workload | None = None) -> TuningRecord:
    document = read_json(native)
    schema.check(document, "metaschedule")
    return METASCHEDULE.record(document, native, workload or read_workload(workload_line()))


def database_of(logs: Path, name: str) -> tuple[list[Workload], list[bytes]]:
    folder = logs / "metaschedule" / name
    workloads = [read_workload(native) for native in (folder / WORKLOAD_FILE).read_bytes().splitlines()]
    return workloads, (folder / RECORD_FILE).read_bytes().splitlines()


@pytest.mark.parametrize(
    ("name", "version", "target", "successes", "trials"),
    [
        ("hhb_mm128", "0.16.dev0", "llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", 32, 32),
        ("v25_mm128", "0.25.0.post1", "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu", 32, 32),
        ("v27_mm128", "0.27.0.post1", "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu", 32, 32),
        ("v27_mm128_builder_timeouts", "0.27.0.post1", "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu", 2, 4),
        ("h100_matmul_256", "0.27.0.post1", "cuda -arch=sm_90a", 64, 64),
        ("h100_matmul_256_timeouts", "0.27.0.post1", "cuda -arch=sm_90a", 12, 64),
    ],
)
def test_real_databases(logs: Path, name: str, version: str, target: str, successes: int, trials: int) -> None:
    workloads, lines = database_of(logs, name)
    records = [record(native, workloads[0]) for native in lines]
    assert all(families.family_of(native, read_json(native)).name == "metaschedule" for native in lines)
    assert [found.native for found in records] == lines
    assert {found.target.target.label for found in records} == {target}
    assert {found.tvm_version for found in records} == {module_tvm_version(workloads[0])} == {version}
    assert {found.measured_at for found in records} == {None}
    assert len({found.config for found in records}) == len(lines) == trials
    assert [found.error for found in records].count(None) == successes
    assert {found.error for found in records} <= {None, "unknown"}


def test_one_matmul_has_one_signature_in_three_versions(logs: Path) -> None:
    found = {}
    for name in ("hhb_mm128", "v25_mm128", "v27_mm128"):
        (workload,), lines = database_of(logs, name)
        found[name] = record(lines[0], workload).workload
    assert len({workload.text for workload in found.values()}) == 3
    assert {workload.text.partition("@")[2] for workload in found.values()} == {"0.16", "0.25", "0.27"}
    assert {workload.signature for workload in found.values()} == {
        "(float32[128,128], float32[128,128], float32[128,128]) C"
    }


@pytest.mark.parametrize(
    ("holders", "version", "identity"),
    [
        ({}, None, "123@unknown"),
        ({"attrs": {"tvm_version": "0.16.dev0"}}, "0.16.dev0", "123@0.16"),
        ({"metadata": {"tvm_version": "0.27.0"}, "attrs": {"tvm_version": "0.16"}}, "0.27.0", "123@0.27"),
        ({"attrs": {"tvm_version": "main"}}, "main", "123@unknown"),
        ({"attrs": {"tvm_version": ""}}, None, "123@unknown"),
        ({"attrs": {"tvm_version": "1" * 70_000}}, None, "123@unknown"),
        ({"attrs": {"tvm_version": 3}, "metadata": []}, None, "123@unknown"),
    ],
    ids=str,
)
def test_the_version_is_in_the_module(holders: dict[str, Any], version: str | None, identity: str) -> None:
    workload = read_workload(workload_line(**holders))
    assert workload.text == identity
    assert module_tvm_version(workload) == version
    assert record(line(), workload).tvm_version == version


@pytest.mark.parametrize(
    ("nodes", "args", "signature"),
    [
        ([], ARGS, "(float32[8,8], int8[])"),
        ([], [], "()"),
        ([], [["SCALAR", 1]], '(["SCALAR",1])'),
        ([block(1), text("C")], [], "() C"),
        ([block(1), text("root")], [], "()"),
        ([block(3), block(4, "s_tir.SBlock"), block(3), text("b"), text("a")], [], "() a b"),
        ([{"type": "tir.Block", "data": {"name_hint": 1}}, {"type": "ffi.String", "data": "C"}], [], "() C"),
        ([block(1, "tir.BlockRealize"), text("C")], [], "()"),
        ([block(9)], [], "()"),  # a reference to nowhere
        ([block(0)], [], "()"),  # to what is no text
        ([{"type_key": [], "attrs": []}, {"type_key": "tir.Block", "attrs": "x"}, 1, None, "x", []], [], "()"),
        ([{"type_key": "tir.Block", "attrs": {"name_hint": {}}}, {"type_key": "tir.Block", "attrs": {}}], [], "()"),
        ([{"type_key": "tir.Block", "attrs": {"name_hint": "9" * 5000}}], [], "()"),
    ],
    ids=str,
)
def test_signatures(nodes: list[Any], args: list[Any], signature: str) -> None:
    assert record(line(args=args), read_workload(workload_line(nodes=nodes))).workload.signature == signature


def test_a_long_signature_ends_in_a_digest() -> None:
    one, other = (record(line(args=[["x" * 70_000, n]])).workload.signature or "" for n in (1, 2))
    assert len(one) == len(other) < 5000
    assert one[:4096] == other[:4096]
    assert one != other


def test_a_signature_on_record_stays() -> None:
    workload = Workload("metaschedule", "1@0.27", signature="on record")
    assert record(line(), workload).workload.signature == "on record"
    assert record(line(), Workload("metaschedule", "1@0.27")).workload.signature is None


@pytest.mark.parametrize(
    ("costs", "error"),
    [([0.001], None), ([1e10], "unknown"), ([1e9], None), ([1e10, 0.1], None), ([1e11, 1e10], "unknown")],
)
def test_a_failure_has_lost_its_reason(costs: list[float], error: str | None) -> None:
    assert record(line(costs=costs)).error == error


@pytest.mark.parametrize(
    ("costs", "why"), [([], "no run time"), ([0.1, 0], "a run time of 0 s"), ([-1], "a run time of -1 s")]
)
def test_a_success_whose_times_can_be_none_failed(costs: list[float], why: str) -> None:
    found = record(line(costs=costs))
    assert (found.error, found.unusable) == ("unknown", why)


@pytest.mark.parametrize(("at", "what"), [(2, "target"), (3, "args_info")])
def test_a_measured_record_names_its_target_and_its_arguments(at: int, what: str) -> None:
    document = json.loads(line())
    document[1][at] = None
    with pytest.raises(RecordError, match=f"lacks its {what}") as caught:
        record(json.dumps(document).encode())
    assert caught.value.field == f"[1][{at}]"


def test_a_config_is_its_trace() -> None:
    assert record(line(number=3, costs=[0.5])).config == record(line()).config
    assert record(line(trace=([["Enter"]], [[0, [1]]]))).config != record(line()).config


def test_a_target_as_text() -> None:
    assert record(line(target="llvm -mcpu=haswell -num-cores=2")).target.target == record(line()).target.target


def test_a_record_needs_its_workload() -> None:
    with pytest.raises(RecordError, match="without its workload") as caught:
        METASCHEDULE.record(read_json(line()), line())
    assert WORKLOAD_FILE in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("native", "message"),
    [
        (b"[]", "structural hash"),
        (b'["1"]', "structural hash"),
        (b'[1, ""]', "structural hash"),
        (b'["x", ""]', "structural hash"),
        ('["٣", ""]'.encode(), "structural hash"),
        (b'["' + b"1" * 21 + b'", ""]', "structural hash"),
        (workload_line().replace(b", ", b",\n"), "in one line"),
        (b'["1", ""]', "damaged"),
        (b'["1", "!"]', "damaged"),
        ('["1", "é"]'.encode(), "damaged"),
        (b'["1", "AAAA"]', "damaged"),
        (b'["1", "' + base64.b64encode(struct.pack("<Q", 2) + b"{}").strip() + b'"]', "damaged"),
        (b'["1", "' + base64.b64encode(struct.pack("<Q", 3) + b"[1]") + b'"]', "damaged"),
        (b'["1", "' + base64.b64encode(struct.pack("<Q", 2**63) + b"{}") + b'"]', "damaged"),
        (workload_line()[:-6] + b'"]', "damaged"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_malformed_workload(native: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_workload(native)


@given(
    nodes=st.recursive(
        st.none() | st.integers(-2, 2) | st.sampled_from(["tir.Block", "0", "type_key", "repr_str"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type_key", "type", "attrs", "data", "name_hint", "repr_str"]), inner)
        ),
    ),
    holders=st.dictionaries(
        st.sampled_from(["attrs", "metadata"]),
        st.none() | st.dictionaries(st.just("tvm_version"), st.text() | st.none()),
    ),
)
def test_any_module_is_read_or_refused(nodes: Any, holders: dict[str, Any]) -> None:
    native = json.dumps(["1", module(**{"nodes": nodes, **holders} if isinstance(nodes, list) else holders)]).encode()
    try:
        workload = read_workload(native)
    except TvmgitlibError:
        return
    found = record(line(), workload).workload
    assert found == workload
    assert found.signature


def test_joined_databases_keep_every_record_at_its_own_workload(logs: Path) -> None:
    (matmul,), lines = database_of(logs, "v27_mm128")
    other = read_workload(workload_line("456", metadata={"tvm_version": "0.27.0.post1"}))
    mixed = [(line(5), other), (lines[0], matmul), (lines[1], matmul), (line(0, costs=[0.7]), other)]
    workloads, records = database(mixed)
    assert workloads == [(other.module or "").encode(), (matmul.module or "").encode()]
    assert [json.loads(native)[0] for native in records] == [0, 1, 1, 0]
    for native, (given_line, workload) in zip(records, mixed, strict=True):
        number, content = json.loads(native)
        assert read_workload(workloads[number]) == workload
        assert content == json.loads(given_line)[1]
        assert native[native.index(b",") :] == given_line[given_line.index(b",") :]


def test_an_empty_database() -> None:
    assert database([]) == ([], [])


def test_a_database_needs_the_modules() -> None:
    with pytest.raises(RecordError, match="not on record"):
        database([(line(), Workload("metaschedule", "1@0.27"))])
