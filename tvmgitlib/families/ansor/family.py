"""Ansor (auto_scheduler), log formats v0.1 to v0.6.

Format: `src/auto_scheduler/measure_record.cc` of TVM 0.16. Its reader refuses unknown keys, so records are kept in an
envelope. A line names no TVM.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from tvmgitlib.families.bag import Enveloped
from tvmgitlib.families.base import Family
from tvmgitlib.families.shipped import left_tvm, shipped_schema, tvm_keys
from tvmgitlib.families.values import call_label, config_digest, outcome
from tvmgitlib.model import Call, TuningRecord, Workload, cli_text, parse_target

if TYPE_CHECKING:
    from tvmgitlib.families.base import LineReader, QuickReader
    from tvmgitlib.model import Decisions, Json, Target, TvmVersion

#: What `MeasureResult` holds for a failed trial, in seconds.
FAILED: Final = 1e10

#: What names a layer of a model: the hash of what it computes.
_HASH: Final = re.compile(r"[0-9a-f]{32}")

#: So much of one tells layers apart that have one name and one shape, as differently strided ones have.
_SHORT_HASH: Final = 8

#: What TVM puts before the names of functions, by what lowered the model.
_PREFIX: Final = re.compile(r"(vm_mod_|tvmgen_default_)?(fused_)?")


class Ansor(Enveloped, Family):
    """See `Family`."""

    name = "ansor"
    title = "Ansor"

    def schema(self) -> dict[str, Any]:
        return shipped_schema(self.name)

    def claims(self, document: Any) -> bool:
        match document:
            case {"i": [list(), *_], "r": _}:  # in AutoTVM's format 0.1 the first of "i" is the target's text
                return True
            case {"i": _, "r": _, "v": str()}:
                return True
        return False

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        (_, target, *_), (_, steps) = document["i"]
        came = outcome(document["r"], FAILED)
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=self.tunes(document),
            config=config_digest(steps),
            costs=came.costs,
            error=came.error,
            measured_at=came.measured_at,
            tvm_version=None,
            native=native,
            unusable=came.unusable,
        )

    def tunes(self, document: Any) -> Workload:
        return _workload(document["i"][0][0])

    def quick_reader(self, reader: LineReader) -> QuickReader:
        from tvmgitlib.families.ansor.quick import quick_lines

        return quick_lines(self.name, FAILED)

    def target_of(self, document: Any) -> Any:
        return document["i"][0][1]

    def with_target(self, native: bytes, attributes: Mapping[str, object]) -> bytes:
        document = orjson.loads(native)
        document["i"][0][1] = cli_text(attributes)
        return orjson.dumps(document)

    def label(self, workload: Workload) -> str:
        try:
            document = json.loads(workload.text)
        except ValueError:  # a workload key may be any text
            return workload.text
        match document:
            case [str(name), *arguments] if _HASH.fullmatch(name):
                said = _function_of(workload.desc) if workload.desc else name
                label = call_label(said, list(map(_extents, arguments)))
                return label if said == name else f"{label} [{name[:_SHORT_HASH]}]"
            case [str(name), *arguments]:
                return call_label(name, arguments)
        return workload.text

    def call(self, workload: Workload) -> Call | None:
        try:
            document = json.loads(workload.text)
        except ValueError:
            return None
        match document:
            case [str(name), *arguments]:
                return Call(name, arguments)
        return None

    def decisions(self, document: Any) -> Decisions | None:
        from tvmgitlib.families.ansor.decisions import decisions_of

        return decisions_of(document["i"][1][1])

    def schedule(self, decisions: Decisions) -> Json:
        from tvmgitlib.families.ansor.decisions import steps_of

        return steps_of(decisions)

    def known_by(self, target: Target) -> frozenset[str]:
        return tvm_keys(target)

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        return left_tvm("auto_scheduler", current)


def _function_of(desc: str) -> str:
    """One of the functions that a task stands for, without what TVM puts before the names of all."""
    names = sorted(desc.split(","), key=lambda name: (len(name), name))
    return _PREFIX.sub("", names[0], count=1) or desc


def _extents(argument: Any) -> Any:
    """An argument of a layer; a list of numbers is a tensor's extents."""
    if isinstance(argument, list) and argument and all(type(extent) is int for extent in argument):
        return "x".join(map(str, argument))
    return argument


@lru_cache(maxsize=65536)
def _workload(key: str) -> Workload:
    return Workload("ansor", key)
