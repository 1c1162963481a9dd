"""Which attributes of a target identify generated code, by its kind; all the others are facts.

TVM's own export cannot say: it adds attributes by version, by the hardware it finds and by how the target was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from tvmgitlib.model.target.attributes import FAST_MATH, is_flag_off, refuse_repeated, shaped, shown
from tvmgitlib.model.target.spellings import DEFAULTS, one_spelling
from tvmgitlib.model.target.text import attributes_of_text
from tvmgitlib.model.wording import TargetError

_MAX_HOSTS = 4

# `device` chooses the schedules (TVM derives `keys` from it and from the kind) and `libs` the kernels that are not
# generated at all, so both identify the code of every kind.
_COMMON = frozenset({"device", "libs"})

# What else identifies generated code, by kind. Limits of a GPU (max_num_threads, thread_warp_size, supports_*...) are
# left out, because TVM fills them in from its version and from the hardware: they are compared, see `limits`. So are
# num-cores and model, which describe the platform, and the alignments and jit engines, which leave kernels as they are.
# docs/format.md has the whole table with its reasons.
_IDENTITY: dict[str, frozenset[str]] = {
    "llvm": _COMMON.union(
        ("mtriple", "mcpu", "mattr", "mabi", "mfloat-abi", "opt-level", "cl-opt"),
        FAST_MATH,
    ),
    "c": _COMMON.union(("mcpu", "march")),
    "cuda": _COMMON.union(("arch", "code", "mcpu")),
    "nvptx": _COMMON.union(("mcpu", "mtriple")),
    "rocm": _COMMON.union(("mcpu", "mattr", "mtriple")),
    "opencl": _COMMON,
    "vulkan": _COMMON.union(("mattr",)),
    "metal": _COMMON,
    "webgpu": _COMMON,
    "hexagon": _COMMON.union(("mtriple", "mcpu", "mattr", "llvm-options")),
    "ext_dev": _COMMON,
}

#: The kinds that every TVM known here has.
KINDS_EVERYWHERE = frozenset(_IDENTITY)

# Vendors have kinds of their own: whatever usually names a processor identifies theirs.
_IDENTITY_ELSE = _COMMON.union(("mtriple", "mcpu", "march", "mattr", "mabi", "mfloat-abi", "arch"))

# What TVM fills in by itself where nothing was given and no GPU is found. As identity it would tell a live
# `Target("cuda")` from the text `cuda`; left out, TVM fills it in again.
_PLACEHOLDERS: dict[str, dict[str, str]] = {
    "cuda": {"arch": "sm_50"},
    "nvptx": {"mcpu": "sm_50"},
    "rocm": {"mcpu": "gfx900"},
}

# What TVM states of these only where it was told: by a user, a tag, or the driver of a GPU, who then said the arch too.
_TOLD: dict[str, frozenset[str]] = {
    "cuda": frozenset(
        ("max_shared_memory_per_block", "max_threads_per_block", "registers_per_block", "l2_cache_size_bytes")
    ),
    "nvptx": frozenset(("max_shared_memory_per_block", "max_threads_per_block", "registers_per_block")),
}

_ALIASES = {"target": "mtriple"}  # older TVMs say -target

_KIND = r"[A-Za-z_][A-Za-z0-9_]*"


def split_identity(given: Mapping[str, object], hosts: int = 0) -> tuple[dict[str, object], dict[str, object]]:
    """What identifies generated code, and the facts.

    Raises:
        TargetError: an attribute is not of its type, or there is no kind whose code could be identified.
    """
    if hosts > _MAX_HOSTS:
        raise TargetError(f"hosts of hosts are nested more than {_MAX_HOSTS} deep")
    attributes = _without_tag(_without_aliases(given))
    kind = _kind(attributes)
    identifying = _IDENTITY.get(kind, _IDENTITY_ELSE)
    nothing_new = {**DEFAULTS.get(kind, {}), **filled_in(attributes)}
    identity: dict[str, object] = {"kind": kind}
    facts: dict[str, object] = {}
    for name in sorted(attributes.keys() - {"kind", "host"}):
        value = shaped(name, attributes[name])
        if _is_empty(value):
            continue
        if name not in identifying:
            facts[name] = value
            continue
        spelled = one_spelling(kind, name, value)
        says_nothing = spelled == nothing_new.get(name) or is_flag_off(name, value)
        (facts if says_nothing else identity)[name] = value if says_nothing else spelled

    host = attributes.get("host")
    if not _is_empty(host):
        host_identity, host_facts = split_identity(_host_attributes(host), hosts + 1)
        # Tags of single boards (raspberry-pi/4b-aarch64) name the board as its own host, which says nothing more.
        if host_identity != identity:
            identity["host"] = host_identity
        if host_facts:
            facts["host"] = host_facts
    return identity, facts


def filled_in(attributes: Mapping[str, object]) -> dict[str, object]:
    """What of a target TVM has filled in by itself, for all that its text says: the arch of a GPU that is not there.

    Only TVM writes `keys`, so a target without them is as somebody gave it.
    """
    kind = attributes.get("kind")
    if not isinstance(kind, str) or "keys" not in attributes or _TOLD.get(kind, frozenset()) & attributes.keys():
        return {}
    placeholders = _PLACEHOLDERS.get(kind, {})
    return {name: value for name, value in placeholders.items() if attributes.get(name) == value}


def _kind(attributes: Mapping[str, object]) -> str:
    kind = attributes.get("kind")
    if not kind:
        raise TargetError("the target has no kind", hint="The kind is the first word, or `kind`: llvm, cuda, opencl...")
    if not isinstance(kind, str) or not re.fullmatch(_KIND, kind):
        raise TargetError(f"{shown(kind)} is not the kind of a target", hint="Kinds are words: llvm, cuda, opencl...")
    if kind == "composite":
        raise TargetError(
            "a composite target has no tuning records of its own",
            hint="Give the one of its targets that the records are for.",
        )
    return kind


def _without_tag(attributes: dict[str, object]) -> dict[str, object]:
    """The attributes with what a tag stands for, where a tag is in the place of the kind; those given are stronger."""
    kind = attributes.get("kind")
    tag = kind if isinstance(kind, str) and "/" in kind else attributes.get("tag") if not kind else None
    if not isinstance(tag, str) or not tag:
        return attributes
    from tvmgitlib.model.target.tags import TAGS  # large, and rarely needed

    if tag not in TAGS:
        _refuse_tag(tag)
    given = {name: value for name, value in attributes.items() if name not in ("kind", "tag")}
    return {**attributes_of_text(TAGS[tag]), **given}


def _refuse_tag(tag: str) -> NoReturn:
    raise TargetError(
        f"{shown(tag)} is a tag that no TVM known here ships, and only TVM knows what it stands for",
        hint=f"Give the target in full. TVM says what it is: tvm.target.Target({shown(tag)}).export()",
    )


def _without_aliases(given: Mapping[str, object]) -> dict[str, object]:
    attributes: dict[str, object] = {}
    for name, value in given.items():
        name = _ALIASES.get(name, name)
        if name in attributes:
            refuse_repeated(name)
        attributes[name] = value
    return attributes


def _host_attributes(host: object) -> Mapping[str, object]:
    if isinstance(host, str):
        return attributes_of_text(host)
    if isinstance(host, dict):
        return host
    raise TargetError(f"the target's host is a target in turn, not {shown(host)}")


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value == [] or value == {}
