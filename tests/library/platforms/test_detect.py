from __future__ import annotations

import getpass
import json
import platform
import socket
import sys
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tvmgitlib.library.platforms import detect_for, detect_platform
from tvmgitlib.model import Json, Platform, fact, parse_target, set_fact, validate_platform_name

ALLOWED = {
    *("cpu.name", "cpu.arch", "cpu.cores", "cpu.threads", "cpu.features", "memory_gib", "os.name", "os.release"),
    *("gpu.name", "gpu.count", "gpu.driver", "gpu.memory_gib", "gpu.compute_capability"),
    *("gpu.max_clocks.graphics_mhz", "gpu.max_clocks.sm_mhz", "gpu.max_clocks.memory_mhz"),
}


def leaves(value: Json, key: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield key, inner
    else:
        yield key, value


def test_this_machine_has_a_name_and_facts() -> None:
    found = detect_platform()
    assert validate_platform_name(found.name) == found.name
    assert found.name == found.name.lower()
    assert fact(found.facts, "os.name") == platform.system()
    assert isinstance(fact(found.facts, "cpu.threads"), int)
    assert isinstance(fact(found.facts, "memory_gib"), int)
    features = fact(found.facts, "cpu.features")
    assert isinstance(features, list)
    assert features == sorted(features, key=str)


def test_nothing_in_the_facts_is_private() -> None:
    found = detect_platform()
    facts = dict(leaves(dict(found.facts)))
    assert facts.keys() <= ALLOWED
    private = {socket.gethostname(), socket.getfqdn(), platform.node(), getpass.getuser()}
    values = {value for _, value in leaves(dict(found.facts))}
    assert not values & private
    text = json.dumps(found.facts)
    assert f"{uuid.getnode():012x}" not in text.replace(":", "").lower()
    assert "/" not in "".join(value for key, value in facts.items() if isinstance(value, str) and key != "cpu.name")


def test_detection_is_deterministic() -> None:
    first = detect_platform()
    detect_platform.cache_clear()
    assert detect_platform() == first
    assert detect_platform().facts == first.facts


MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
OS = {"Linux": "linux-gnu", "Darwin": "apple-darwin", "Windows": "pc-windows-msvc"}[platform.system()]


@pytest.mark.parametrize(
    "text",
    [
        "llvm",
        "llvm -mcpu=generic",
        f"llvm -mtriple={MACHINE}-{OS}",
        f"llvm -mtriple={MACHINE}-unknown-{OS}",
        f"llvm -mtriple={MACHINE}-conda-{OS} -num-cores=4",
        "llvm -mattr=-avx512f,-sve",
    ],
)
def test_this_host(text: str) -> None:
    assert detect_for(parse_target(text).target) == detect_platform()


@pytest.mark.parametrize(
    "text",
    [
        "llvm -mtriple=riscv32-linux-gnu",
        f"llvm -mtriple={MACHINE}-linux-android",
        f"llvm -mtriple={MACHINE}-none-elf",
        f"llvm -mtriple={MACHINE}",
        "llvm -mcpu=no-such-cpu",
        "llvm -mattr=+no-such-feature",
        "cuda -host='llvm -mcpu=no-such-cpu'",
        "opencl",
        "hexagon",
        "c",
    ],
)
def test_not_this_host(text: str) -> None:
    assert detect_for(parse_target(text).target) is None


CPUS = {
    "core2": {"sse", "sse2", "ssse3"},
    "haswell": {"ssse3", "sse4_1", "sse4_2", "popcnt", "avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"},
    "a72": {"asimd", "crc32"},
}
CPUS["skylake-avx512"] = CPUS["haswell"] | {"adx", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
CPUS["cascadelake"] = CPUS["skylake-avx512"] | {"avx512_vnni"}
CPUS["neoverse-n1"] = CPUS["a72"] | {"asimddp", "asimdhp", "atomics"}


@pytest.mark.parametrize(
    ("cpu", "flags", "runs"),
    [
        ("core2", "-mcpu=x86-64", True),
        ("core2", "-mcpu=nehalem", False),
        ("haswell", "-mcpu=core-avx2", True),
        ("haswell", "-mcpu=sandybridge", True),
        ("haswell", "-mcpu=skylake", False),
        ("haswell", "-mattr=+avx2,-sse4a,+sse4.2", True),
        ("haswell", "-mattr=+avx512f", False),
        ("skylake-avx512", "-mcpu=skylake-avx512", True),
        ("skylake-avx512", "-mcpu=x86-64-v4", True),
        ("skylake-avx512", "-mcpu=cascadelake", False),
        ("skylake-avx512", "-mcpu=skylake-avx512 -mattr=+avx512vnni", False),
        ("cascadelake", "-mcpu=skylake-avx512 -mattr=+avx512vnni", True),
        ("cascadelake", "-mcpu=znver4", False),
        ("a72", "-mcpu=cortex-a72 -mattr=+neon,+crc", True),
        ("a72", "-mcpu=neoverse-n1", False),
        ("neoverse-n1", "-mcpu=cortex-a76 -mattr=+dotprod,+lse,+fullfp16", True),
        ("neoverse-n1", "-mcpu=neoverse-v1", False),
    ],
)
def test_a_cpu_runs_what_it_has_the_features_for(
    monkeypatch: pytest.MonkeyPatch, cpu: str, flags: str, runs: bool
) -> None:
    # Other CPUs than this machine's cannot be had here, so their features stand in for its own.
    facts = set_fact(detect_platform().facts, "cpu.features", [*sorted(CPUS[cpu])])
    monkeypatch.setattr("tvmgitlib.library.platforms.detect.detect_platform", lambda: Platform("other", facts))
    assert (detect_for(parse_target(f"llvm {flags}").target) is not None) == runs


class NvmlError(Exception):
    """What NVIDIA's library raises."""


def nvml(names: list[str], *, driver: bool = True) -> Any:
    """NVIDIA's library as it answers with these GPUs, in the words of nvidia-ml-py 13."""

    def unsupported(*_: object) -> None:
        raise NvmlError

    return SimpleNamespace(
        NVMLError=NvmlError,
        NVML_CLOCK_GRAPHICS=0,
        NVML_CLOCK_SM=1,
        NVML_CLOCK_MEM=2,
        nvmlInit=(lambda: None) if driver else unsupported,
        nvmlShutdown=lambda: None,
        nvmlSystemGetDriverVersion=lambda: "570.86.15",
        nvmlDeviceGetCount=lambda: len(names),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: names[handle],
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(total=85_520_809_984, free=1, used=2),
        nvmlDeviceGetCudaComputeCapability=lambda _: (9, 0),
        nvmlDeviceGetMaxClockInfo=lambda _, kind: unsupported() if kind == 0 else 1980,
    )


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "pynvml", request.param)
    detect_platform.cache_clear()
    yield
    detect_platform.cache_clear()


H100 = "NVIDIA H100 80GB HBM3"


@pytest.mark.parametrize("gpus", [nvml([H100, H100])], indirect=True)
def test_gpu_facts(gpus: None) -> None:
    assert fact(detect_platform().facts, "gpu") == {
        "name": H100,
        "count": 2,
        "driver": "570.86.15",
        "memory_gib": 80,
        "compute_capability": "9.0",
        "max_clocks": {"sm_mhz": 1980, "memory_mhz": 1980},
    }
    assert dict(leaves(dict(detect_platform().facts))).keys() <= ALLOWED


@pytest.mark.parametrize("gpus", [nvml([H100])], indirect=True)
def test_cuda_is_the_gpus(gpus: None) -> None:
    for text in ("cuda", "cuda -arch=sm_90", "cuda -arch=sm_90a -host=llvm"):
        assert detect_for(parse_target(text).target) == Platform("nvidia-h100-80gb-hbm3", detect_platform().facts)
    for text in ("cuda -arch=sm_80", "cuda -arch=sm_9", f"cuda -host='llvm -mtriple={MACHINE}-linux-android'"):
        assert detect_for(parse_target(text).target) is None


@pytest.mark.parametrize("gpus", [nvml([H100, "NVIDIA A100"])], indirect=True)
def test_gpus_of_several_kinds_are_left_to_the_user(gpus: None) -> None:
    assert fact(detect_platform().facts, "gpu") == {"count": 2, "driver": "570.86.15"}
    assert detect_for(parse_target("cuda").target) is None


@pytest.mark.parametrize("gpus", [nvml([]), nvml([], driver=False), None], indirect=True)
def test_no_gpu(gpus: None) -> None:
    assert "gpu" not in detect_platform().facts
    assert detect_for(parse_target("cuda").target) is None


@pytest.mark.parametrize("name", sorted(vars(nvml([]))))
def test_nvidias_library_has_what_is_asked_of_it(name: str) -> None:
    assert hasattr(pytest.importorskip("pynvml"), name)
