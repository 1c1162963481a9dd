"""Values of attributes that say the same to LLVM and TVM: one spelling stands for all of them."""

from __future__ import annotations

from collections.abc import Mapping

#: The second part of a triple where it names who built the toolchain and no vendor that LLVM knows: no code depends on
#: it. TVM writes the triple of the LLVM it was built with.
_NO_VENDOR = frozenset({"unknown", "pc", "conda", "conda_cos6", "conda_cos7", "alpine", "redhat", "suse", "w64"})

#: LLVM's names of one CPU, each to the one that stands for all. From the `foreach P = [...]` of
#: llvm/lib/Target/X86/X86.td and the `ProcessorAlias`es of llvm/lib/Target/AArch64/AArch64Processors.td, at commits
#: 00c94e5bb799 and 001224ab3758 of llvm/llvm-project. `apple-latest` is left out: it is another CPU in each LLVM.
CPU_ALIASES: Mapping[str, str] = {
    alias: cpu
    for cpu, aliases in {
        # X86.td
        "pentium3": ("pentium3m",),
        "pentium4": ("pentium4m",),
        "bonnell": ("atom",),
        "silvermont": ("slm",),
        "nehalem": ("corei7",),
        "sandybridge": ("corei7-avx",),
        "ivybridge": ("core-avx-i",),
        "haswell": ("core-avx2",),
        "skylake-avx512": ("skx",),
        "athlon": ("athlon-tbird",),
        "athlon-4": ("athlon-xp", "athlon-mp"),
        "k8": ("opteron", "athlon64", "athlon-fx"),
        "k8-sse3": ("opteron-sse3", "athlon64-sse3"),
        "amdfam10": ("barcelona",),
        # AArch64Processors.td
        "neoverse-n2": ("cobalt-100",),
        "apple-a7": ("cyclone", "apple-a8", "apple-a9"),
        "apple-a12": ("apple-s4", "apple-s5"),
        "apple-a13": ("apple-s6", "apple-s7", "apple-s8"),
        "apple-a14": ("apple-m1",),
        "apple-a15": ("apple-m2",),
        "apple-a16": ("apple-m3", "apple-s9", "apple-s10"),
        "apple-m4": ("apple-a18",),
        "apple-m5": ("apple-a19",),
    }.items()
    for alias in aliases
}

#: What TVM and LLVM take where nothing is given, by kind: said or not, it is the same code.
DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "llvm": {"opt-level": 3, "mcpu": "generic"},
    "nvptx": {"mtriple": "nvptx64-nvidia-cuda"},
    "rocm": {"mtriple": "amdgcn-amd-amdhsa-hcc"},
}


def one_spelling(kind: str, name: str, value: object) -> object:
    """The value that stands for all that say the same."""
    if not isinstance(value, str):
        return value
    if name == "mtriple":
        return _plain_triple(value)
    return CPU_ALIASES.get(value, value) if kind == "llvm" and name == "mcpu" else value


def _plain_triple(triple: str) -> str:
    """A triple without a vendor that says nothing: `x86_64-linux-gnu` of `x86_64-unknown-linux-gnu`."""
    match triple.split("-"):
        case [architecture, vendor, system, *rest] if vendor in _NO_VENDOR and system not in _NO_VENDOR:
            return "-".join([architecture, system, *rest])
    return triple
