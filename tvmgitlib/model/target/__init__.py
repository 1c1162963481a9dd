"""Targets: what code was generated for, named the same way by every TVM and without any TVM.

How a target is written is `target_text`, which attributes make its name is `target_identity`.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

from tvmgitlib.errors import TargetError
from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.target.identity import split_identity
from tvmgitlib.model.target.text import MAX_TEXT_LENGTH, attributes_of_text, json_text

__all__ = ["MAX_TEXT_LENGTH", "GivenTarget", "Target", "parse_target", "require_triple"]

_READABLE_LENGTH = 60

# Models that name no device: what TVM writes where nobody named one, the simulator of microTVM (`host`), which is
# whatever machine it ran on, and what tools put where a name is asked for.
_NO_DEVICE = frozenset(("", "unknown", "host", "generic", "default", "none", "null", "any", "unspecified", "undefined"))


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
        return _label(self.key)

    @property
    def folder(self) -> str:
        """A folder name: readable, of `[a-z0-9._-]` only, and unique by the last 8 digits, from the key's SHA-256."""
        readable = re.sub(r"[^a-z0-9._]+", "-", "-".join(_folder_words(self.to_dict())).lower())
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:8]
        return f"{readable[:_READABLE_LENGTH].rstrip('-.')}-{digest}"

    @property
    def device_key(self) -> str:
        """The key without the host: a host runs the kernels, it does not shape them.

        A record may name a host, no host, or another one (AutoTVM's logs never name it), for the same kernel.
        """
        return self.lookup_keys[0]

    @property
    def lookup_keys(self) -> tuple[str, ...]:
        """The device keys under which records for this target may stand, the closest first.

        A live GPU target always has an `arch` (TVM asks the driver), a log often has none: the platform, which must be
        the same, says what the architecture was.
        """
        return _lookup_keys(self.key)

    def to_dict(self) -> dict[str, object]:
        """The attributes as a new dict, which TVM's `Target` takes too."""
        return cast("dict[str, object]", json.loads(self.key))


@dataclass(frozen=True, slots=True)
class GivenTarget:
    """A target as someone gave it. Shared between callers where the text repeats, so its facts are not to be changed.

    Attributes:
        target: what identifies generated code.
        text: the text as given, or the JSON text of a dict or of TVM's object.
        model: the device that was named (`-model`), the default name of the platform; None when missing, or where it
            names none, like `unknown` and `host`.
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
    return _parse_text(str(value) if isinstance(value, str) else json_text(value))


def require_triple(given: GivenTarget) -> None:
    """Refuse an `llvm` target that leaves open which machine it is for.

    Raises:
        TargetError: it has no triple.
    """
    if given.target.kind == "llvm" and "mtriple" not in given.target.attributes:
        raise TargetError(
            f"{given.target.label!r} has no triple, and what it means without one differs from TVM to TVM "
            "(in hhb-tvm: RISC-V)",
            hint="Say which machine it is for, such as llvm -mcpu=haswell -mtriple=x86_64-linux-gnu.",
        )


@lru_cache(maxsize=256)  # a log repeats one target in every line
def _parse_text(text: str) -> GivenTarget:
    identity, facts = split_identity(attributes_of_text(text))
    model = cast("str | None", facts.get("model"))
    return GivenTarget(
        target=Target(canonical_json(identity)),
        text=text,
        model=model if model and model.strip().lower() not in _NO_DEVICE else None,
        num_cores=cast("int | None", facts.get("num-cores")),
        facts=facts,
    )


@lru_cache(maxsize=1024)  # every record of a target asks
def _lookup_keys(key: str) -> tuple[str, ...]:
    attributes = json.loads(key)
    keys = [_without(attributes, "host")]
    if attributes["kind"] in ("cuda", "rocm"):
        keys.append(_without(attributes, "host", "arch", "mcpu"))
    return tuple(dict.fromkeys(keys))


def _without(attributes: Mapping[str, object], *names: str) -> str:
    return canonical_json({name: value for name, value in attributes.items() if name not in names})


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
