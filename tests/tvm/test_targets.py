"""The same targets as a real TVM sees them, whichever is installed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tvmgitlib.model import parse_target

try:
    from tvm.target import Target as TvmTarget
except ImportError:  # none, or the PyPI package `tvm`, which is something else
    pytest.skip("needs a real TVM", allow_module_level=True)

HOST = {"kind": "llvm", "mtriple": "x86_64-linux-gnu"}
ARM_HOST = {"kind": "llvm", "mtriple": "aarch64-linux-gnu", "num-cores": 4}

CASES: list[tuple[str, dict[str, Any]]] = [
    (
        "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu",
        {"kind": "llvm", "mcpu": "skylake-avx512", "mtriple": "x86_64-linux-gnu"},
    ),
    (
        "llvm -mtriple=x86_64-linux-gnu -num-cores=8 -model=epyc -libs=mkl,cblas -fast-math -opt-level=2",
        {
            "kind": "llvm",
            "mtriple": "x86_64-linux-gnu",
            "num-cores": 8,
            "model": "epyc",
            "libs": ["mkl", "cblas"],
            "fast-math": 1,
            "opt-level": 2,
        },
    ),
    (
        "llvm -mattr=+neon,+dotprod -device=arm_cpu -mtriple=aarch64-linux-gnu -mabi=lp64 -mfloat-abi=hard",
        {
            "kind": "llvm",
            "device": "arm_cpu",
            "mtriple": "aarch64-linux-gnu",
            "mattr": ["+neon", "+dotprod"],
            "mabi": "lp64",
            "mfloat-abi": "hard",
        },
    ),
    ("cuda", {"kind": "cuda"}),
    ("cuda -arch=sm_80 -libs=cudnn", {"kind": "cuda", "arch": "sm_80", "libs": ["cudnn"]}),
    (
        "cuda -arch=sm_80 -host='llvm -mtriple=x86_64-linux-gnu'",
        {"kind": "cuda", "arch": "sm_80", "host": HOST},
    ),
    ("nvptx -mcpu=sm_80", {"kind": "nvptx", "mcpu": "sm_80"}),
    ("rocm -mcpu=gfx90a", {"kind": "rocm", "mcpu": "gfx90a"}),
    ("opencl", {"kind": "opencl"}),
    (
        "opencl -device=mali -model=rk3399 -host='llvm -mtriple=aarch64-linux-gnu'",
        {"kind": "opencl", "device": "mali", "model": "rk3399", "host": ARM_HOST},
    ),
    ("vulkan -device=adreno", {"kind": "vulkan", "device": "adreno"}),
    ("metal", {"kind": "metal"}),
    ("webgpu", {"kind": "webgpu"}),
    ("c -mcpu=cortex-m7 -march=armv7e-m", {"kind": "c", "mcpu": "cortex-m7", "march": "armv7e-m"}),
    (
        "hexagon -mcpu=hexagonv68 -mtriple=hexagon -num-cores=4 -vtcm-capacity=1024",
        {"kind": "hexagon", "mcpu": "hexagonv68", "mtriple": "hexagon", "num-cores": 4, "vtcm-capacity": 1024},
    ),
    ("ext_dev -device=vta -model=pynq", {"kind": "ext_dev", "device": "vta", "model": "pynq"}),
]


@pytest.mark.parametrize(("text", "attributes"), CASES, ids=[text for text, _ in CASES])
def test_text_dict_json_and_live_agree(text: str, attributes: dict[str, Any]) -> None:
    key = parse_target(text).target.key
    live = TvmTarget(attributes)
    for value in (attributes, json.dumps(attributes), live, str(live) if "host" not in attributes else live):
        assert parse_target(value).target.key == key
    assert parse_target(live).model == attributes.get("model")
    assert parse_target(live).num_cores == attributes.get("num-cores")


@pytest.mark.parametrize(("text", "attributes"), CASES, ids=[text for text, _ in CASES])
def test_tvm_reads_the_key(text: str, attributes: dict[str, Any]) -> None:
    target = parse_target(attributes).target
    assert parse_target(TvmTarget(target.key)).target == target
    assert parse_target(TvmTarget(target.to_dict())).target == target


def test_a_host_given_beside_the_target_is_its_host() -> None:
    live = TvmTarget({"kind": "cuda", "arch": "sm_80"}, host=HOST)
    assert parse_target(live).target == parse_target({"kind": "cuda", "arch": "sm_80", "host": HOST}).target


@pytest.mark.parametrize("kind", ["cuda", "nvptx", "rocm", "opencl", "vulkan", "metal", "webgpu", "hexagon", "c"])
def test_what_tvm_fills_in_is_no_identity(kind: str) -> None:
    filled_in = parse_target(TvmTarget({"kind": kind}))
    if kind in ("cuda", "nvptx", "rocm") and filled_in.target.attributes.keys() - {"kind"}:
        pytest.skip("TVM found a GPU, whose architecture it fills in")
    assert filled_in.target == parse_target(kind).target


def test_an_arch_that_somebody_gave_is_found_by_a_live_target_that_looks_filled_in() -> None:
    """TVM writes `sm_50` the same whether it was told or found no GPU, and generates code for it in either case."""
    told = parse_target("cuda -arch=sm_50").target
    live = parse_target(TvmTarget({"kind": "cuda", "arch": "sm_50"})).target
    assert told.device_key in live.lookup_keys
    assert parse_target("cuda").target.device_key in live.lookup_keys


def test_a_board_that_is_its_own_host() -> None:
    given = parse_target(TvmTarget("raspberry-pi/4b-aarch64"))
    assert given.target.label == "llvm -mattr=+neon -mcpu=cortex-a72 -mtriple=aarch64-linux-gnu"
    assert given.num_cores == 4
