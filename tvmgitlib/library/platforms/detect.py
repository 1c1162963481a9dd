"""What this machine is, from the kernel and well-kept libraries: psutil, py-cpuinfo and NVIDIA's own nvidia-ml-py.

The facts are those that speed depends on and that stay the same from call to call; nothing in them names the host, its
users, its addresses or one specimen of the hardware.
"""

from __future__ import annotations

import contextlib
import platform as system
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from tvmgitlib.library.platforms.processor import processor
from tvmgitlib.model import Json, Platform, Target, fact, platform_name_from

_GIB = 2**30

# The CPU features that compilers generate code for, by the beginnings of their names in /proc/cpuinfo.
_FEATURE = (
    r"s?sse|avx|fma|f16c|bmi|abm|adx|movbe|popcnt|gfni|vaes|vpclmulqdq|amx"
    r"|neon|vfp|asimd|fphp|atomics|crc32|sve|sme(?!p)|i8mm|bf16|rvv"
)

_V2 = frozenset({"ssse3", "sse4_1", "sse4_2", "popcnt"})
_SANDY_BRIDGE = _V2 | {"avx"}
_V3 = _SANDY_BRIDGE | {"avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"}
_SKYLAKE = _V3 | {"adx"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_SKYLAKE_AVX512 = _V4 | {"adx"}
_CASCADE_LAKE = _SKYLAKE_AVX512 | {"avx512_vnni"}
_COOPER_LAKE = _CASCADE_LAKE | {"avx512_bf16"}
_ICE_LAKE = _CASCADE_LAKE | {
    *("avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq", "gfni", "vaes", "vpclmulqdq"),
}
_SAPPHIRE_RAPIDS = _ICE_LAKE | {
    *("avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"),
}
_ALDER_LAKE = _SKYLAKE | {"avx_vnni", "gfni", "vaes", "vpclmulqdq"}
_ZEN1 = _SKYLAKE | {"sse4a"}
_ZEN3 = _ZEN1 | {"vaes", "vpclmulqdq"}
_ZEN4 = _ZEN3 | _ICE_LAKE | {"avx512_bf16"}
_ZEN5 = _ZEN4 | {"avx_vnni", "avx512_vp2intersect"}
_ARMV8 = frozenset({"asimd"})
_ARMV82 = _ARMV8 | {"asimddp", "asimdhp", "atomics", "crc32"}
_ARMV84_SVE = _ARMV82 | {"sve", "i8mm", "bf16"}

# LLVM's CPU names and the features that the CPU must have to run code for them, named as in /proc/cpuinfo. Features
# that every CPU with the others has are left out. Any other name is taken not to be this host's.
_CPUS: dict[str, frozenset[str]] = {
    "generic": frozenset(),
    "x86-64": frozenset(),
    **dict.fromkeys(("x86-64-v2", "nehalem", "corei7", "westmere"), _V2),
    **dict.fromkeys(("sandybridge", "corei7-avx"), _SANDY_BRIDGE),
    **dict.fromkeys(("ivybridge", "core-avx-i"), _SANDY_BRIDGE | {"f16c"}),
    **dict.fromkeys(("x86-64-v3", "haswell", "core-avx2"), _V3),
    **dict.fromkeys(("broadwell", "skylake"), _SKYLAKE),
    "x86-64-v4": _V4,
    **dict.fromkeys(("skylake-avx512", "skx"), _SKYLAKE_AVX512),
    "cascadelake": _CASCADE_LAKE,
    "cooperlake": _COOPER_LAKE,
    **dict.fromkeys(("icelake-client", "icelake-server", "rocketlake"), _ICE_LAKE),
    **dict.fromkeys(("sapphirerapids", "emeraldrapids"), _SAPPHIRE_RAPIDS),
    **dict.fromkeys(("alderlake", "raptorlake"), _ALDER_LAKE),
    **dict.fromkeys(("znver1", "znver2"), _ZEN1),
    "znver3": _ZEN3,
    "znver4": _ZEN4,
    "znver5": _ZEN5,
    **dict.fromkeys(("cortex-a53", "cortex-a57", "cortex-a72", "cortex-a73"), _ARMV8),
    **dict.fromkeys(("cortex-a55", "cortex-a75", "cortex-a76", "cortex-a78", "neoverse-n1"), _ARMV82),
    "neoverse-v1": _ARMV84_SVE,
    **dict.fromkeys(("neoverse-n2", "neoverse-v2"), _ARMV84_SVE | {"sve2"}),
}

# LLVM's names of features where they are not those of /proc/cpuinfo, apart from dots, dashes and underscores.
_FEATURE_NAMES = {"neon": "asimd", "dotprod": "asimddp", "fullfp16": "asimdhp", "lse": "atomics", "crc": "crc32"}

_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "armv8l": "arm", "armv7l": "arm"}


@cache
def detect_platform() -> Platform:
    """This machine, named after its CPU. Found once per process.

    Returns:
        A platform with the facts `cpu` (name, arch, cores, threads, features), `memory_gib`, `os` (name, release) and,
        with an NVIDIA GPU, `gpu` (name, count, driver, memory_gib, compute_capability, clocks in MHz); those that
        cannot be found are left out.
    """
    cpu = _cpu()
    facts: dict[str, Json] = {
        "cpu": cpu,
        "memory_gib": _memory_gib(),
        "os": {"name": system.system(), "release": system.release()},
    }
    gpu = _nvidia_gpu()
    if gpu:
        facts["gpu"] = gpu
    return Platform(name=platform_name_from(cast(str, cpu["name"]), detected=True), facts=facts)


def detect_for(target: Target) -> Platform | None:
    """This machine, when code for the target runs on it, else None.

    An `llvm` target is this machine's when the triple, where there is one, has its architecture and operating system
    (where there is none, `-device=arm_cpu` says as much), and the CPU has every feature that mcpu and mattr ask for. A
    `cuda` target is when there is one kind of NVIDIA GPU and arch, where given, is its compute capability; the platform
    is then named after the GPU.
    """
    attributes = target.attributes
    if target.kind == "llvm":
        return detect_platform() if _is_this_cpu(attributes) else None
    if target.kind == "cuda":
        host = cast("Mapping[str, object]", attributes.get("host", {"kind": "llvm"}))
        return _gpu_platform(attributes.get("arch")) if _is_this_cpu(host) else None
    return None


def facts_here(target: Target) -> dict[str, Json]:
    """What is detected of this machine, when code for the target runs on it; else nothing."""
    here = detect_for(target)
    return dict(here.facts) if here else {}


def _is_this_cpu(attributes: Mapping[str, object]) -> bool:
    triple = cast("str | None", attributes.get("mtriple"))
    if not (is_this_triple(triple) if triple is not None else _may_be_this_device(attributes.get("device"))):
        return False
    needed = _CPUS.get(cast(str, attributes.get("mcpu", "generic")))
    if needed is None:
        return False
    switched_on = {name[1:] for name in cast("list[str]", attributes.get("mattr", [])) if name.startswith("+")}
    wanted = needed | {_FEATURE_NAMES.get(name, name) for name in switched_on}
    features = cast("list[str]", fact(detect_platform().facts, "cpu.features"))
    return {_spelled(name) for name in wanted} <= {_spelled(name) for name in features}


def is_this_triple(triple: str) -> bool:
    """Whether a triple has this machine's architecture and operating system."""
    architecture, _, rest = triple.lower().partition("-")
    return _architecture(architecture) == _architecture(system.machine().lower()) and _os(rest) == system.system()


def _may_be_this_device(device: object) -> bool:
    """Whether a target that leaves its triple out may be this machine's, by the schedules that it chooses."""
    return device != "arm_cpu" or _architecture(system.machine().lower()) in ("arm", "aarch64")


def _architecture(name: str) -> str:
    return "arm" if name.startswith("armv7") else _ARCHITECTURES.get(name, name)


def _os(triple: str) -> str | None:
    """The operating system of a triple's tail, by the name that Python has for it."""
    names = {"android": None, "linux": "Linux", "darwin": "Darwin", "macos": "Darwin", "windows": "Windows"}
    return next((name for part, name in names.items() if part in triple), None)


def _spelled(feature: str) -> str:
    # LLVM writes avx512vnni and sse4.2 where Linux writes avx512_vnni and sse4_2.
    return feature.translate(str.maketrans("", "", "._-"))


def _gpu_platform(arch: object) -> Platform | None:
    found = detect_platform()
    name = fact(found.facts, "gpu.name")
    if not isinstance(name, str):
        return None
    capability = fact(found.facts, "gpu.compute_capability")
    if arch is not None and (capability is None or arch not in _cuda_archs(cast(str, capability))):
        return None
    return Platform(name=platform_name_from(name, detected=True), facts=found.facts)


def _cuda_archs(capability: str) -> tuple[str, str]:
    arch = f"sm_{capability.replace('.', '')}"
    return arch, f"{arch}a"  # `a`: with the features that only this architecture has


def _cpu() -> dict[str, Json]:
    import psutil

    cpu = processor()
    arch = _architecture(system.machine().lower())
    found: dict[str, Json] = {
        "name": cpu.name or arch,
        "arch": arch,
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "features": _features(cpu.flags),
    }
    return {name: value for name, value in found.items() if value is not None}


def _features(flags: list[str]) -> list[Json]:
    # Where py-cpuinfo is asked, it adds what the CPU itself says, and spells some of it in another way.
    spellings = {_spelled(flag): flag for flag in sorted(flags, reverse=True) if re.match(_FEATURE, flag)}
    return [*sorted(spellings.values())]


def _memory_gib() -> int:
    import psutil

    total: int = psutil.virtual_memory().total
    return round(total / _GIB)  # the kernel's own share of the memory changes with its version


def _nvidia_gpu() -> dict[str, Json] | None:
    """The NVIDIA GPU, with its name only where all of them have the same; None without driver or GPU."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        return _nvidia_facts(pynvml)
    finally:
        pynvml.nvmlShutdown()


def _nvidia_facts(nvml: Any) -> dict[str, Json] | None:
    def asked(question: Callable[..., Any], *args: object) -> Any:
        # A virtual GPU does not answer every question.
        with contextlib.suppress(nvml.NVMLError):
            return question(*args)
        return None

    count: int = asked(nvml.nvmlDeviceGetCount) or 0
    handles = [asked(nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
    if None in handles or not handles:
        return None
    names = {asked(nvml.nvmlDeviceGetName, handle) for handle in handles}
    first = handles[0]
    memory = asked(nvml.nvmlDeviceGetMemoryInfo, first)
    capability = asked(nvml.nvmlDeviceGetCudaComputeCapability, first)
    clocks: dict[str, Json] = {
        "graphics_mhz": asked(nvml.nvmlDeviceGetMaxClockInfo, first, nvml.NVML_CLOCK_GRAPHICS),
        "sm_mhz": asked(nvml.nvmlDeviceGetMaxClockInfo, first, nvml.NVML_CLOCK_SM),
        "memory_mhz": asked(nvml.nvmlDeviceGetMaxClockInfo, first, nvml.NVML_CLOCK_MEM),
    }
    found: dict[str, Json] = {"count": count, "driver": asked(nvml.nvmlSystemGetDriverVersion)}
    if len(names) == 1:
        found |= {
            "name": names.pop(),
            "memory_gib": round(memory.total / _GIB) if memory else None,
            "compute_capability": f"{capability[0]}.{capability[1]}" if capability else None,
            "max_clocks": {name: value for name, value in clocks.items() if value is not None} or None,
        }
    return {name: value for name, value in found.items() if value is not None}
