"""Targets: what code was generated for, named the same way by every TVM and without any TVM.

How a target is written is `text`, which attributes make its name is `identity`, which spellings are one `spellings`,
and what bounds a schedule without being in any name is `limits`.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import cast

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.target.identity import KINDS_EVERYWHERE, filled_in, split_identity
from tvmgitlib.model.target.limits import Limits, beyond, limits_of, limits_text
from tvmgitlib.model.target.text import MAX_TEXT_LENGTH, attributes_of_text, json_text
from tvmgitlib.model.wording import TargetError

__all__ = [
    "MAX_TEXT_LENGTH",
    "GivenTarget",
    "Limits",
    "Target",
    "beyond",
    "cli_text",
    "completed",
    "limits_of",
    "parse_target",
    "recorded_target",
    "require_triple",
]

_READABLE_LENGTH = 60

# Facts that every TVM known here reads in a target, beside limits; -link-params and the like were taken out of targets.
_READ_EVERYWHERE = frozenset(
    ("keys", "model", "tag", "host", "from_device", "arch", "mcpu", "mtriple", "opt-level", "l2_cache_size_bytes")
) | {"device_name", "device_type", "driver_name", "driver_version"}

# The kinds whose targets have a number of cores.
_WITH_CORES = frozenset(("llvm", "hexagon", "trn"))

# Attributes and limits that came late, or that one vendor's TVM has: another TVM refuses them.
_LATER_OR_ELSEWHERE = frozenset(("vector-width", "vlen", "rlen", "code"))

# What an `llvm` target may leave out, and TVM then takes from the machine or from its own build.
_LEFT_OUT = (("mtriple",), ("mcpu",), ("mcpu", "mattr"), ("mabi", "mfloat-abi"))

# Models that name no device: what TVM writes where nobody named one, the simulator of microTVM (`host`), which is
# whatever machine it ran on, and what tools put where a name is asked for.
_NO_DEVICE = frozenset(("", "unknown", "host", "generic", "default", "none", "null", "any", "unspecified", "undefined"))


class Target(Struct, frozen=True):
    """What code was generated for. Two targets are equal when their keys are. Made by `parse_target`.

    Attributes:
        key: canonical JSON (sorted keys, no spaces, no empty values) of exactly the attributes that identify generated
            code. `tvm.target.Target(key)` reads it, in every TVM that knows the kind and its attributes.
        limits: the limits of the device that it states, by which no two targets differ.
        filled_in: the arch that its text has because TVM wrote one where it found no GPU.
        recorded: the canonical text that an older library has it under, where that is another spelling of the key.
    """

    key: str
    limits: Limits = ()
    filled_in: str | None = None
    recorded: str | None = None

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Target) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def attributes(self) -> Mapping[str, object]:
        """The attributes of the key, with the host's, if it has one, as a mapping under `host`."""
        return self.to_dict()

    @property
    def lacks_triple(self) -> bool:
        """Whether it leaves open which machine it is for: what `llvm` alone means differs from TVM to TVM."""
        return self.kind == "llvm" and "mtriple" not in self.attributes

    @property
    def kind(self) -> str:
        """The target kind: `llvm`, `cuda`, `opencl`..."""
        return cast(str, self.to_dict()["kind"])

    @property
    def label(self) -> str:
        """The target for people, as CLI text: `llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu`."""
        return _label(self.key)

    @property
    def folder(self) -> str:
        """A folder name: readable, of `[a-z0-9._-]` only, and unique by the last 8 digits, from the key's SHA-256."""
        text = self.recorded or self.key
        readable = re.sub(r"[^a-z0-9._]+", "-", "-".join(_folder_words(json.loads(text))).lower())
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{readable[:_READABLE_LENGTH].rstrip('-.')}-{digest}"

    @property
    def device_key(self) -> str:
        """The key without the host: a host runs the kernels, it does not shape them.

        A record may name a host, no host, or another one (AutoTVM's logs never name it), for the same kernel.
        """
        return _device_key(self.key)

    @property
    def lookup_keys(self) -> tuple[str, ...]:
        """The device keys under which records for this target may stand, the closest first.

        A live GPU target always has an `arch` (TVM asks the driver), a log often has none: the platform, which must be
        the same, says what the architecture was.
        """
        return _lookup_keys(self.key, self.filled_in)

    @property
    def near_keys(self) -> tuple[str, ...]:
        """The device keys of `llvm` targets that leave out what this one says of its CPU or its triple.

        What they mean without it differs from TVM to TVM and from machine to machine: on a platform that is named they
        are nearly this one, and no more.
        """
        return _near_keys(self.device_key)

    @property
    def answering_keys(self) -> Mapping[str, int]:
        """The device keys under which records may stand that answer for this target or nearly do: each with its place
        among them, the closest first.
        """
        return _answering_keys(self.key, self.filled_in)

    @property
    def limits_text(self) -> str:
        """Its limits as text, which is the same for those that mean the same; empty where it says none of its own."""
        return limits_text(self.kind, self.limits) if self.limits else ""

    def allows(self, made_for: Target) -> bool:
        """Whether what was made under another one's limits holds under these."""
        return not made_for.limits or beyond(made_for.limits, self.limits) is None

    def has_limits_of(self, other: Target) -> bool:
        """Whether the limits that both state are the same."""
        theirs = dict(other.limits)
        return all(theirs.get(name, value) == value for name, value in self.limits)

    def is_recorded_as(self, recorded: Target) -> bool:
        """Whether a library has it under another one: the same, or what an older tvmgitlib made of it.

        That knew fewer attributes that identify code, and took every `sm_50` for one that TVM had filled in.
        """
        if self == recorded:
            return True
        mine, theirs = self.to_dict(), recorded.to_dict()
        added = mine.keys() - theirs.keys()
        return (
            self.kind in _ARCH
            and all(mine.get(name) == value for name, value in theirs.items())
            and added <= {"code", _ARCH[self.kind]}
        )

    def to_dict(self) -> dict[str, object]:
        """The attributes as a new dict, which TVM's `Target` takes too."""
        return cast("dict[str, object]", json.loads(self.key))


class GivenTarget(Struct, frozen=True):
    """A target as someone gave it. Shared between callers where the text repeats, so its facts are not to be changed.

    Attributes:
        target: what identifies generated code.
        text: the text as given, or the JSON text of a dict or of TVM's object.
        model: the device that was named (`-model`), the default name of the platform; None when missing, or where it
            names none, like `unknown` and `host`.
        num_cores: the number of cores that was named.
        facts: every attribute given that is not identity, empty ones dropped; the host's under `host`.
        completed: what its text leaves out and a user has said of it, by name; see `completed`.
    """

    target: Target
    text: str
    model: str | None
    num_cores: int | None
    facts: Mapping[str, object]
    completed: Mapping[str, object] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.target, self.text, self.model, self.num_cores))

    @property
    def is_portable(self) -> bool:
        """Whether every TVM known here that reads its key reads its text too."""
        known = _READ_EVERYWHERE | dict(self.target.limits).keys()
        left = {name for name in self.facts.keys() - known if not name.startswith(("feature.", "fast-math"))}
        return not self.completed and left <= ({"num-cores"} if self.target.kind in _WITH_CORES else set())

    @property
    def is_doubtful(self) -> bool:
        """Whether some TVM may not read its text."""
        told = self.target.attributes.keys() | dict(self.target.limits).keys()
        return (
            self.target.kind not in KINDS_EVERYWHERE or not self.is_portable or not _LATER_OR_ELSEWHERE.isdisjoint(told)
        )

    @property
    def portable(self) -> dict[str, object]:
        """What of it every such TVM reads, by name, and generates the same code for: the key, limits, and who it is."""
        facts = {name: self.facts[name] for name in ("keys", "model") if name in self.facts}
        if self.num_cores is not None and self.target.kind in _WITH_CORES:
            facts["num-cores"] = self.num_cores
        return {**self.target.to_dict(), **facts, **dict(self.target.limits)}


def parse_target(value: str | Mapping[str, object] | object) -> GivenTarget:
    """Read a target: CLI text, JSON text, a dict, or the `tvm.target.Target` of any TVM.

    Raises:
        TargetError: the target is empty, too long, malformed, or only a tag, which nothing but TVM can look up.
    """
    return _parse_text(str(value) if isinstance(value, str) else json_text(value))


def require_triple(given: GivenTarget) -> None:
    """Refuse an `llvm` target that leaves open which machine it is for.

    Raises:
        TargetError: it has no triple.
    """
    if given.target.lacks_triple:
        raise TargetError(
            f"{given.target.label!r} has no triple, and what it means without one differs from TVM to TVM "
            "(in hhb-tvm: RISC-V)",
            hint="Say which machine it is for, such as --target 'llvm -mcpu=haswell -mtriple=x86_64-linux-gnu'.",
        )


@lru_cache(maxsize=256)  # a log repeats one target in every line
def completed(given: GivenTarget, told: Target) -> GivenTarget:
    """A target with what its text leaves out and a user has told; the same where the two do not agree."""
    known, more = given.target.to_dict(), told.to_dict()
    if any(name in known and known[name] != value for name, value in more.items()):
        return given
    added = {name: value for name, value in more.items() if name not in known}
    if not added:
        return given
    target = replace(given.target, key=canonical_json({**known, **added}))
    return replace(given, target=target, completed={**given.completed, **added})


def recorded_target(canonical: Mapping[str, object], facts: Mapping[str, object]) -> Target:
    """The target of a section: its canonical attributes as recorded, and the facts beside them."""
    text = canonical_json(canonical)
    target = parse_target(text).target
    arch = facts.get("arch", facts.get("mcpu"))
    return replace(
        target,
        limits=limits_of({**canonical, **facts}),  # older libraries have lengths of vectors among the former
        filled_in=arch if isinstance(arch, str) else None,
        recorded=None if target.key == text else text,
    )


@lru_cache(maxsize=256)  # a log repeats one target in every line
def _parse_text(text: str) -> GivenTarget:
    attributes = attributes_of_text(text)
    identity, facts = split_identity(attributes)
    model = cast("str | None", facts.get("model"))
    arch = next(iter(filled_in(attributes).values()), None)
    return GivenTarget(
        target=Target(canonical_json(identity), limits_of(facts), cast("str | None", arch)),
        text=text,
        model=model if model and model.strip().lower() not in _NO_DEVICE else None,
        num_cores=cast("int | None", facts.get("num-cores")),
        facts=facts,
    )


#: The attribute of a GPU's kind that names its architecture.
_ARCH = {"cuda": "arch", "nvptx": "mcpu", "rocm": "mcpu"}


@lru_cache(maxsize=1024)  # every record of a target asks
def _device_key(key: str) -> str:
    return _without(json.loads(key), "host")


@lru_cache(maxsize=1024)
def _lookup_keys(key: str, arch: str | None) -> tuple[str, ...]:
    attributes = json.loads(_device_key(key))
    keys = [canonical_json(attributes)]
    name = _ARCH.get(attributes["kind"])
    if name is not None and arch is not None and name not in attributes:
        keys.insert(0, canonical_json({**attributes, name: arch}))  # what TVM generates code for, said or not
    if attributes["kind"] in ("cuda", "rocm"):
        keys.append(_without(attributes, "arch", "code", "mcpu"))
    return tuple(dict.fromkeys(keys))


@lru_cache(maxsize=1024)
def _near_keys(device_key: str) -> tuple[str, ...]:
    attributes = json.loads(device_key)
    if attributes["kind"] != "llvm":
        return ()
    sets: list[tuple[str, ...]] = [()]
    for names in _LEFT_OUT:
        sets += [(*others, *names) for others in sets]
    keys = [_without(attributes, *names) for names in sorted(sets, key=lambda names: (len(names), names))]
    return tuple(dict.fromkeys(key for key in keys if key != device_key))


@lru_cache(maxsize=1024)
def _answering_keys(key: str, arch: str | None) -> Mapping[str, int]:
    keys = dict.fromkeys((*_lookup_keys(key, arch), *_near_keys(_device_key(key))))
    return MappingProxyType({each: place for place, each in enumerate(keys)})


def _without(attributes: Mapping[str, object], *names: str) -> str:
    return canonical_json({name: value for name, value in attributes.items() if name not in names})


def cli_text(attributes: Mapping[str, object]) -> str:
    """Attributes as the CLI text that older TVMs read, without the host: they read none in one text."""
    return " ".join(_label_words({name: value for name, value in attributes.items() if name != "host"}))


@lru_cache(maxsize=1024)
def _label(key: str) -> str:
    return " ".join(_label_words(json.loads(key)))


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
