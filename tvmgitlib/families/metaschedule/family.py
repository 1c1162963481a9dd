"""MetaSchedule databases of TVM 0.16 to 0.27: `database_workload.json` and `database_tuning_record.json`.

Format: `src/meta_schedule/database/json_database.cc` and `src/node/serialization.cc` of TVM 0.16; in 0.27 the module is
a graph of `tvm_ffi`. A record names its workload by line number in the other file, so the two are only ever read
together, and the number is set anew when they are written (`database`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.families.base import check_costs, config_digest, envelop, unenvelop
from tvmgitlib.model.json import canonical_json, read_json
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.tvm import minor_version
from tvmgitlib.model.workload import FamilyName, Workload

WORKLOAD_FILE: Final = "database_workload.json"
RECORD_FILE: Final = "database_tuning_record.json"

#: Why trials failed, which TVM's own two files do not say: a live job writes it beside them.
ERROR_FILE: Final = "tvmgitlib_errors.jsonl"

#: What `run_secs` holds for a failed trial.
FAILED: Final = 1e10

#: A structural hash is a 64-bit number, in decimal.
_HASH: Final = re.compile(r"[0-9]{1,20}")

#: A version or a signature beyond these many characters is no help to anyone.
_MAX_VERSION: Final = 200
_MAX_SIGNATURE: Final = 4096

#: The root block carries no meaning: every function has one.
_ROOT_BLOCK: Final = "root"


class MetaSchedule:
    """See `Family`."""

    name: FamilyName = "metaschedule"

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        if workload is None:
            raise RecordError(
                "a MetaSchedule record cannot be read without its workload",
                hint=f"Import the folder that holds {WORKLOAD_FILE} and {RECORD_FILE}.",
            )
        _, (trace, run_secs, target, args) = document
        costs = check_costs(run_secs, "[1][1]")
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=with_signature(workload, args),
            config=config_digest(trace),
            costs=costs,
            error="unknown" if min(costs) >= FAILED else None,
            measured_at=None,
            tvm_version=module_tvm_version(workload) if workload.module else None,
            native=native,
        )

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        return envelop(native, bag)

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        return unenvelop(line)


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
    return Workload("metaschedule", f"{structural_hash}@{minor or 'unknown'}", module=native)


def module_tvm_version(workload: Workload) -> str | None:
    """The version of the TVM that wrote the workload's module; None when it does not say."""
    return _module(_native_module(workload)).tvm_version


def database(records: Iterable[tuple[bytes, Workload]]) -> tuple[list[bytes], list[bytes]]:
    """The lines of the two files of a database, every record pointing at its own workload.

    Only the leading workload number of a record changes; the rest is the native text.
    """
    numbers: dict[str, int] = {}
    workloads: list[bytes] = []
    lines: list[bytes] = []
    for native, workload in records:
        module = _native_module(workload)
        number = numbers.setdefault(module, len(numbers))
        if number == len(workloads):
            workloads.append(module.encode())
        lines.append(b"[%d%s" % (number, native[native.index(b",") :]))
    return workloads, lines


def _native_module(workload: Workload) -> str:
    if workload.module is None:
        raise RecordError(f"the module of workload {workload.text} is not on record")
    return workload.module


@dataclass(frozen=True, slots=True)
class _Module:
    """What a module says of itself: the TVM that wrote it, and the names of its schedulable blocks."""

    tvm_version: str | None
    blocks: tuple[str, ...]


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
    return _Module(_tvm_version(graph), tuple(_block_names(graph["nodes"])))


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


def _argument(arg: Any) -> str:
    match arg:
        case ["TENSOR", str(dtype), [*shape]]:
            return f"{dtype}[{','.join(map(str, shape))}]"
        case _:
            return canonical_json(arg)


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
