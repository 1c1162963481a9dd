"""Targets: what code was generated for, named the same way by every TVM and without any TVM.

TVM's own export cannot be the name: it adds attributes by version, by the hardware it finds and by how the target was
written. Here an explicit table says, for each target kind, which attributes identify generated code; everything else
that was given is kept as a fact. Attribute names and types follow `src/target/target_kind.cc` of Apache TVM; the CLI
text (`llvm -mcpu=skylake`) is the form of AutoTVM's logs and of older TVMs; today's read and write JSON only.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NoReturn, cast

from tvmgitlib.errors import TargetError
from tvmgitlib.model.json import canonical_json

MAX_TEXT_LENGTH = 64 * 1024
"""The longest target that is read, in characters."""

_MAX_DEPTH = 16
_MAX_HOSTS = 4
_READABLE_LENGTH = 60


class _Shape(Enum):
    """The type of an attribute, in the words of an error message."""

    TEXT = "text"
    NAMES = "a list of names"  # the order says nothing: sorted
    OPTIONS = "a list of options"  # the order matters: kept
    INTEGER = "an integer"
    FLAG = "0 or 1"


_FAST_MATH = (
    "fast-math",
    "fast-math-arcp",
    "fast-math-contract",
    "fast-math-ninf",
    "fast-math-nnan",
    "fast-math-nsz",
    "fast-math-reassoc",
)

_SHAPES: dict[str, _Shape] = {
    **dict.fromkeys(("device", "mtriple", "mcpu", "march", "arch", "mabi", "mfloat-abi", "model", "tag"), _Shape.TEXT),
    **dict.fromkeys(("mattr", "libs"), _Shape.NAMES),
    **dict.fromkeys(("cl-opt", "llvm-options", "keys"), _Shape.OPTIONS),
    **dict.fromkeys(("opt-level", "vector-width", "vlen", "rlen", "vtcm-capacity", "num-cores"), _Shape.INTEGER),
    **dict.fromkeys(_FAST_MATH, _Shape.FLAG),
}

# `device` chooses the schedules (TVM derives `keys` from it and from the kind) and `libs` the kernels that are not
# generated at all, so both identify the code of every kind.
_COMMON = frozenset({"device", "libs"})

# What else identifies generated code, by kind. Limits of a GPU (max_num_threads, thread_warp_size, supports_*...) are
# left out, because TVM fills them in from its version and from the hardware; so are num-cores and model, which describe
# the platform, and the alignments and jit engines, which leave kernels as they are.
_IDENTITY: dict[str, frozenset[str]] = {
    # vlen and rlen are vector and matrix register lengths of T-Head's TVM.
    "llvm": _COMMON.union(
        ("mtriple", "mcpu", "mattr", "mabi", "mfloat-abi", "opt-level", "cl-opt", "vector-width", "vlen", "rlen"),
        _FAST_MATH,
    ),
    "c": _COMMON.union(("mcpu", "march")),
    "cuda": _COMMON.union(("arch", "mcpu")),
    "nvptx": _COMMON.union(("mcpu", "mtriple")),
    "rocm": _COMMON.union(("mcpu", "mattr", "mtriple")),
    "opencl": _COMMON,
    "vulkan": _COMMON.union(("mattr",)),
    "metal": _COMMON,
    "webgpu": _COMMON,
    "hexagon": _COMMON.union(("mtriple", "mcpu", "mattr", "llvm-options", "vtcm-capacity")),
    "ext_dev": _COMMON,
}

# Vendors have kinds of their own: whatever usually names a processor identifies theirs.
_IDENTITY_ELSE = _COMMON.union(("mtriple", "mcpu", "march", "mattr", "mabi", "mfloat-abi", "arch"))

# What TVM fills in by itself where nothing was given and no GPU is found. As identity it would tell a live
# `Target("cuda")` from the text `cuda`; left out, TVM fills it in again.
_PLACEHOLDERS: dict[str, dict[str, str]] = {
    "cuda": {"arch": "sm_50"},
    "nvptx": {"mcpu": "sm_50", "mtriple": "nvptx64-nvidia-cuda"},
    "rocm": {"mcpu": "gfx900", "mtriple": "amdgcn-amd-amdhsa-hcc"},
}

_ALIASES = {"target": "mtriple"}  # older TVMs say -target

_KIND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FLAG = re.compile(r"--?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)(?:=(?P<value>.*))?", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BRACKETED_HOST = re.compile(r"(?P<target>.*?)\s-host=\[(?P<host>.*)\]", re.DOTALL)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
    """What code was generated for. Two targets are equal when their keys are. Made by `parse_target`.

    Attributes:
        key: canonical JSON (sorted keys, no spaces, no empty values) of exactly the attributes that identify generated
            code. `tvm.target.Target(key)` reads it, in every TVM that knows the kind and its attributes.
    """

    key: str

    @property
    def attributes(self) -> Mapping[str, object]:
        """The attributes of the key, with the host's, if it has one, as a mapping under `host`."""
        return self.to_dict()

    @property
    def kind(self) -> str:
        """The target kind: `llvm`, `cuda`, `opencl`..."""
        return cast(str, self.to_dict()["kind"])

    @property
    def label(self) -> str:
        """The target for people, as CLI text: `llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu`."""
        return " ".join(_label_words(self.to_dict()))

    @property
    def folder(self) -> str:
        """A folder name: readable, of `[a-z0-9._-]` only, and unique by the last 8 digits, from the key's SHA-256."""
        readable = re.sub(r"[^a-z0-9._]+", "-", "-".join(_folder_words(self.to_dict())).lower())
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:8]
        return f"{readable[:_READABLE_LENGTH].rstrip('-.')}-{digest}"

    def to_dict(self) -> dict[str, object]:
        """The attributes as a new dict, which TVM's `Target` takes too."""
        return cast("dict[str, object]", json.loads(self.key))


@dataclass(frozen=True, slots=True)
class GivenTarget:
    """A target as someone gave it. Shared between callers where the text repeats, so its facts are not to be changed.

    Attributes:
        target: what identifies generated code.
        text: the text as given, or the JSON text of a dict or of TVM's object.
        model: the device that was named (`-model`), the default name of the platform; None when missing or `unknown`.
        num_cores: the number of cores that was named.
        facts: every attribute given that is not identity, empty ones dropped; the host's under `host`.
    """

    target: Target
    text: str
    model: str | None
    num_cores: int | None
    facts: Mapping[str, object] = field(hash=False)


def parse_target(value: str | Mapping[str, object] | object) -> GivenTarget:
    """Read a target: CLI text, JSON text, a dict, or the `tvm.target.Target` of any TVM.

    Raises:
        TargetError: the target is empty, too long, malformed, or only a tag, which nothing but TVM can look up.
    """
    if isinstance(value, str):
        return _parse_text(str(value))
    attributes = _plain(value)
    if not isinstance(attributes, dict):
        raise TargetError(
            f"a target is text, a dict or a tvm.target.Target, not {type(value).__name__}",
            hint='For example: "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu".',
        )
    text = canonical_json(attributes)
    _check_length(text)
    return _given(attributes, text)


@lru_cache(maxsize=256)
def _parse_text(text: str) -> GivenTarget:
    # A log repeats one text in every line, hence the cache.
    return _given(_attributes_of_text(text), text)


def _given(attributes: Mapping[str, object], text: str) -> GivenTarget:
    identity, facts = _split(attributes)
    model = cast("str | None", facts.get("model"))
    return GivenTarget(
        target=Target(canonical_json(identity)),
        text=text,
        model=None if model == "unknown" else model,
        num_cores=cast("int | None", facts.get("num-cores")),
        facts=facts,
    )


def _split(given: Mapping[str, object], hosts: int = 0) -> tuple[dict[str, object], dict[str, object]]:
    """What identifies generated code, and the facts."""
    if hosts > _MAX_HOSTS:
        raise TargetError(f"hosts of hosts are nested more than {_MAX_HOSTS} deep")
    attributes = _without_aliases(given)
    kind = _kind(attributes)
    identifying = _IDENTITY.get(kind, _IDENTITY_ELSE)
    placeholders = _PLACEHOLDERS.get(kind, {})
    identity: dict[str, object] = {"kind": kind}
    facts: dict[str, object] = {}
    for name in sorted(attributes.keys() - {"kind", "host"}):
        value = _shaped(name, attributes[name])
        if _is_empty(value):
            continue
        says_nothing = value == placeholders.get(name) or (_SHAPES.get(name) is _Shape.FLAG and value == 0)
        (identity if name in identifying and not says_nothing else facts)[name] = value

    host = attributes.get("host")
    if not _is_empty(host):
        host_identity, host_facts = _split(_host_attributes(host), hosts + 1)
        # Tags of single boards (raspberry-pi/4b-aarch64) name the board as its own host, which says nothing more.
        if host_identity != identity:
            identity["host"] = host_identity
        if host_facts:
            facts["host"] = host_facts
    return identity, facts


def _kind(attributes: Mapping[str, object]) -> str:
    kind = attributes.get("kind")
    if not kind:
        tag = attributes.get("tag")
        if isinstance(tag, str) and tag:
            _refuse_tag(tag)
        raise TargetError("the target has no kind", hint="The kind is the first word, or `kind`: llvm, cuda, opencl...")
    if isinstance(kind, str) and "/" in kind:
        _refuse_tag(kind)
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise TargetError(f"{_shown(kind)} is not the kind of a target", hint="Kinds are words: llvm, cuda, opencl...")
    if kind == "composite":
        raise TargetError(
            "a composite target has no tuning records of its own",
            hint="Give the one of its targets that the records are for.",
        )
    return kind


def _refuse_tag(tag: str) -> NoReturn:
    raise TargetError(
        f"{_shown(tag)} is a tag, and only TVM knows what it stands for",
        hint=f"Give the target in full. TVM says what it is: tvm.target.Target({_shown(tag)}).export()",
    )


def _without_aliases(given: Mapping[str, object]) -> dict[str, object]:
    attributes: dict[str, object] = {}
    for name, value in given.items():
        name = _ALIASES.get(name, name)
        if name in attributes:
            _refuse_repeated(name)
        attributes[name] = value
    return attributes


def _host_attributes(host: object) -> Mapping[str, object]:
    if isinstance(host, str):
        return _attributes_of_text(host)
    if isinstance(host, dict):
        return host
    raise TargetError(f"the target's host is a target in turn, not {_shown(host)}")


def _shaped(name: str, value: object) -> object:
    """The value in the one form that its attribute has."""
    shape = _SHAPES.get(name)
    if shape is None or value is None:
        return value
    if shape is _Shape.TEXT and isinstance(value, str):
        return _printable(name, value.strip())
    if shape in (_Shape.NAMES, _Shape.OPTIONS) and isinstance(value, list):
        items = [_printable(name, item.strip()) for item in value if isinstance(item, str)]
        if len(items) == len(value):
            items = [item for item in items if item]
            return sorted(set(items)) if shape is _Shape.NAMES else items
    if shape is _Shape.INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return value
    if shape is _Shape.FLAG and isinstance(value, int) and value in (0, 1):
        return int(value)  # older TVMs export 1 and today's true; all of them read 1
    raise TargetError(f"the target's {name} is {shape.value}, not {_shown(value)}")


def _printable(name: str, text: str) -> str:
    if not text.isprintable():
        raise TargetError(f"the target's {name} has characters that cannot be printed: {_shown(text)}")
    return text


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _attributes_of_text(text: str) -> dict[str, object]:
    _check_length(text)
    text = text.strip()
    if not text:
        raise TargetError("the target is empty", hint='For example: "llvm -mcpu=skylake-avx512".')
    return _attributes_of_json(text) if text.startswith("{") else _attributes_of_cli(text)


def _attributes_of_cli(text: str) -> dict[str, object]:
    attributes: dict[str, object] = {}
    if bracketed := _BRACKETED_HOST.fullmatch(text):
        text, attributes["host"] = bracketed["target"], bracketed["host"]
    try:
        words = shlex.split(text)
    except ValueError:
        raise TargetError("the target's quotes are not balanced") from None
    attributes["kind"] = _plain(words.pop(0))
    while words:
        word = words.pop(0)
        flag = _FLAG.fullmatch(word)
        if flag is None:
            raise TargetError(f"{_shown(word)} is a stray word in the target", hint="Attributes are -name=value.")
        name, value = flag["name"], flag["value"]
        if value is None and words and not words[0].startswith("-"):
            value = words.pop(0)
        if name in attributes:
            _refuse_repeated(name)
        attributes[name] = 1 if value is None else _cli_value(name, cast(str, _plain(value)))
    return attributes


def _cli_value(name: str, text: str) -> object:
    """The typed value of a flag; what does not fit its attribute's type stays text, for `_shaped` to refuse."""
    shape = _SHAPES.get(name)
    if shape in (_Shape.NAMES, _Shape.OPTIONS):
        return text.split(",")
    if shape is _Shape.TEXT or name == "host":
        return text
    if shape is _Shape.FLAG and text.lower() in ("true", "false"):
        return int(text.lower() == "true")
    return int(text) if _INTEGER.fullmatch(text) else text


def _attributes_of_json(text: str) -> dict[str, object]:
    try:
        value = json.loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError) as error:
        raise TargetError(f"the target is not valid JSON: {error}") from None
    return cast("dict[str, object]", _plain(value))


def _unrepeated(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in pairs:
        if name in result:
            _refuse_repeated(name)
        result[name] = value
    return result


def _plain(value: object, depth: int = 0) -> object:
    """Plain JSON containers of what TVM exports: its Map, Array, String and IntImm, or those of tvm_ffi."""
    if depth > _MAX_DEPTH:
        raise TargetError(f"the target is nested more than {_MAX_DEPTH} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise TargetError(f"the target is not valid Unicode: {_shown(value)}")
        return str(value)
    if isinstance(value, int):
        if value.bit_length() > 63:
            raise TargetError("the target has a number that does not fit in 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TargetError(f"the target has a number that JSON has not: {value}")
        return float(value)
    if callable(export := getattr(value, "export", None)):
        return _plain(export(), depth + 1)
    if callable(items := getattr(value, "items", None)):
        return _unrepeated((_attribute_name(name), _plain(item, depth + 1)) for name, item in items())
    if hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, (bytes, bytearray)):
        return [_plain(value[index], depth + 1) for index in range(len(value))]  # an Array has no __iter__ in TVM 0.16
    if hasattr(value, "value"):
        return _plain(value.value, depth + 1)
    raise TargetError(f"nothing in a target is of the type {type(value).__name__}")


def _attribute_name(name: object) -> str:
    if not isinstance(name, str):
        raise TargetError(f"the names of a target's attributes are text, not {_shown(name)}")
    return cast(str, _plain(name))


def _label_words(attributes: Mapping[str, object]) -> Iterator[str]:
    yield cast(str, attributes["kind"])
    for name, value in attributes.items():
        if name not in ("kind", "host"):
            text = ",".join(value) if isinstance(value, list) else str(value)
            yield f"-{name}={shlex.quote(text)}"
    if "host" in attributes:
        yield f"-host=[{' '.join(_label_words(cast('dict[str, object]', attributes['host'])))}]"


def _folder_words(attributes: Mapping[str, object]) -> Iterator[str]:
    yield cast(str, attributes["kind"])
    for name, value in attributes.items():
        if isinstance(value, list):
            yield from value
        elif isinstance(value, int):
            yield f"{name}-{value}"
        elif name not in ("kind", "host"):
            yield cast(str, value)
    if "host" in attributes:
        yield "host"
        yield from _folder_words(cast("dict[str, object]", attributes["host"]))


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT_LENGTH:
        raise TargetError(f"the target is {len(text)} characters long, more than the {MAX_TEXT_LENGTH} that are read")


def _refuse_repeated(name: str) -> NoReturn:
    raise TargetError(f"the target gives {_shown(name)} twice")


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
