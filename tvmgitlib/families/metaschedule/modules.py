"""The workloads of MetaSchedule: modules, the hashes that name them, and what they say of themselves.

Format: `src/meta_schedule/database/json_database.cc` and `src/node/serialization.cc` of TVM 0.16; in 0.27 the module is
a graph of `tvm_ffi`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from functools import lru_cache
from typing import Any, Final

import orjson
from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.families.metaschedule.arguments import Arguments, arguments_of
from tvmgitlib.families.values import short_types
from tvmgitlib.model import Call, RecordError, Workload, canonical_json, minor_version, read_json

#: A structural hash is a 64-bit number, in decimal.
_HASH: Final = re.compile(r"[0-9]{1,20}")

#: What a workload is called whose module does not say which TVM hashed it.
UNKNOWN: Final = "unknown"

#: A version or a signature beyond these many characters is no help to anyone.
_MAX_VERSION: Final = 200
_MAX_SIGNATURE: Final = 4096

#: What `with_signature` makes: arguments, and the names of blocks. Not one that was too long.
_SIGNATURE: Final = re.compile(r"(\(.*\))(?: (?!.*\.\.\. )(.+))?", re.DOTALL)

#: So many digits of a structural hash are shown to people.
_SHORT_HASH: Final = 8

#: The root block carries no meaning: every function has one.
_ROOT_BLOCK: Final = "root"


def read_workload(line: bytes) -> Workload:
    """Read one line of `database_workload.json`: `["<structural hash>", "<base64 of the module>"]`.

    Raises:
        RecordError: the line is not of that form, or the module inside it is torn.
    """
    match read_json(line):
        case [str(structural_hash), str()] if _HASH.fullmatch(structural_hash) and b"\n" not in line:
            native = line.decode()
        case _:
            raise RecordError('not ["<structural hash>", "<base64 of the module>"] in one line')
    minor = minor_version(_module(native).tvm_version)
    return Workload("metaschedule", f"{structural_hash}@{minor or UNKNOWN}", module=native)


def module_tvm_version(workload: Workload) -> str | None:
    """The version of the TVM that wrote the workload's module; None when it does not say."""
    return _module(native_module(workload)).tvm_version


def module_arguments(workload: Workload) -> Arguments | None:
    """What a workload takes; None where its module does not say that in plain numbers."""
    return _module(native_module(workload)).arguments


def native_module(workload: Workload) -> str:
    """The line of `database_workload.json` that a workload is.

    Raises:
        RecordError: it is not on record.
    """
    if workload.module is None:
        raise RecordError(f"the module of workload {workload.text} is not on record")
    return workload.module


class _Module(Struct, frozen=True):
    """What a module says of itself: the TVM that wrote it, the names of its schedulable blocks, and what it takes."""

    tvm_version: str | None
    blocks: tuple[str, ...]
    arguments: Arguments | None


@lru_cache(maxsize=64)  # every record of a workload asks again
def _module(native: str) -> _Module:
    """Look into a line of `database_workload.json`: base64 of an 8-byte little-endian length and that much JSON."""
    try:
        raw = base64.b64decode(orjson.loads(native)[1], validate=True)
        (length,) = struct.unpack_from("<Q", raw)
        graph = orjson.loads(raw[8:]) if length == len(raw) - 8 else None
    except (ValueError, struct.error):  # ValueError: no base64, no JSON
        graph = None
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        raise RecordError("the module is damaged: not the base64 of a TVM module's JSON", field="[1]")
    return _Module(_tvm_version(graph), tuple(_block_names(graph["nodes"])), arguments_of(graph["nodes"]))


def _tvm_version(graph: dict[str, Any]) -> str | None:
    for holder in ("metadata", "attrs"):  # since 0.20, and before
        facts = graph.get(holder)
        version = facts.get("tvm_version") if isinstance(facts, dict) else None
        if isinstance(version, str) and 0 < len(version) <= _MAX_VERSION:
            return version
    return None


def with_signature(workload: Workload, args: list[Any]) -> Workload:
    """The workload with its version-independent signature, from the arguments (as JSON) and the module's blocks."""
    if workload.signature is not None or workload.module is None:
        return workload
    arguments = ", ".join(_argument(arg) for arg in args)
    signature = " ".join((f"({arguments})", *_module(workload.module).blocks))
    if len(signature) > _MAX_SIGNATURE:
        signature = f"{signature[:_MAX_SIGNATURE]}... {hashlib.sha256(signature.encode()).hexdigest()[:16]}"
    return replace(workload, signature=signature)


def label_of(workload: Workload) -> str:
    """A workload in words: its blocks first, what it takes, and so much of its hash as tells it from others."""
    found = _SIGNATURE.fullmatch(workload.signature or "")
    if found is None:
        return workload.label
    name, _, minor = workload.text.rpartition("@")
    return f"{(found[2] or '').replace(' ', '+')}{short_types(found[1])} [{name[:_SHORT_HASH]}@{minor}]"


#: An argument of a signature: its type, and its extents.
_ARGUMENT: Final = re.compile(r"([a-z]+[0-9]*[a-z0-9_]*)\[([0-9,]*)\]")


def call_of(signature: str) -> Call | None:
    """A signature as an operator and its arguments: what is the same in other shapes, and the shapes.

    None for one that was cut off.
    """
    if len(signature) > _MAX_SIGNATURE:
        return None
    shapes = [[int(extent) for extent in found[2].split(",") if extent] for found in _ARGUMENT.finditer(signature)]
    op = _ARGUMENT.sub(lambda found: f"{found[1]}[{',' * found[2].count(',')}]", signature)
    return Call(op, shapes)


def _argument(arg: Any) -> str:
    match arg:
        case ["TENSOR", str(dtype), [*shape]]:
            return f"{dtype}[{','.join(map(str, shape))}]"
        case _:
            try:
                return canonical_json(arg)
            except ValueError:  # a number that is none, in a trial that counts as failed
                return str(arg)


def _block_names(nodes: list[Any]) -> list[str]:
    """Names of the module's schedulable blocks, sorted: the order of nodes is the serialiser's, not the program's."""
    names = set()
    for node in nodes:
        match node:
            case {"type_key": str(kind), "attrs": {"name_hint": name}} | {
                "type": str(kind),
                "data": {"name_hint": name},
            }:
                if kind.endswith((".Block", ".SBlock")):
                    names.add(_string(nodes, name))
    return sorted(names - {"", _ROOT_BLOCK})


def _string(nodes: list[Any], reference: Any) -> str:
    """The text of the node with that number; empty when there is none."""
    try:
        match nodes[int(reference)]:
            case {"repr_str": str(text)} | {"data": str(text)}:
                return text
    except (IndexError, TypeError, ValueError):
        pass
    return ""
