"""AutoTVM, log format 0.2.

Format: `tvm/autotvm/record.py` (`encode`, `decode`) and `tvm/autotvm/measure/measure.py` (`MeasureErrorNo`) of TVM
0.16. `decode` skips unknown keys, so the bag is spliced into the record and stock TVM loads the line as it is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from tvmgitlib.families.bag import BAG_KEY, Spliced
from tvmgitlib.families.base import Family
from tvmgitlib.families.shipped import left_tvm, shipped_schema, tvm_keys
from tvmgitlib.families.values import call_label, config_digest, outcome, workload
from tvmgitlib.model import (
    RecordError,
    TuningRecord,
    canonical_json,
    cli_text,
    parse_target,
)

if TYPE_CHECKING:
    from tvmgitlib.families.base import LineReader, QuickReader
    from tvmgitlib.model import (
        Call,
        Decisions,
        Target,
        TvmVersion,
        Workload,
    )

#: What `MeasureResult` holds for a failed trial, in seconds.
FAILED: Final = 1e9

#: A line whose `v` is this is one that `decode` skips, whatever else it says.
_SKIPPED: Final = 0.1


class AutoTvm(Spliced, Family):
    """See `Family`."""

    name = "autotvm"
    title = "AutoTVM"

    def schema(self) -> dict[str, Any]:
        return shipped_schema(self.name)

    def claims(self, document: Any) -> bool:
        return isinstance(document, dict) and "input" in document

    def refusal(self, line: bytes, document: Any | None) -> RecordError | None:
        if document is None and b"\t" in line and not line.lstrip().startswith((b"{", b"[")):
            return RecordError(
                "a row of AutoTVM's pickle protocol; unpickling runs code from the file, so it is never read",
                hint="Nothing converts it without running that code: tune its tasks again.",
            )
        if isinstance(document, dict) and "i" in document and "r" in document:
            return RecordError(
                "a record of AutoTVM's format 0.1, whose workloads and configs today's TVM cannot use",
                field="v",
                hint="--upgrade converts what it has rules for to format 0.2; tune the rest again.",
            )
        return None

    def upgraded(self, document: Any) -> bytes | None:
        from tvmgitlib.families.autotvm import upgrade

        return upgrade.upgraded(document) if upgrade.is_old(document) else None

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        if BAG_KEY in document:  # in another spelling than the library's, else it would not be in the native text
            raise RecordError(
                "the key is the library's own, and here it is not as the library writes it",
                field=BAG_KEY,
                hint=f"Take {BAG_KEY} out of the line, or give the line as it was in the library.",
            )
        if document.get("v") == _SKIPPED:
            raise RecordError(
                f"TVM skips every line whose v is {_SKIPPED}, the version of a format that it no longer reads",
                field="v",
                hint="Take v out of the line, where the rest of it is of format 0.2.",
            )
        came = outcome(document["result"], FAILED, reads_null=True)
        return TuningRecord(
            family=self.name,
            target=parse_target(document["input"][0]),
            workload=self.tunes(document),
            config=config_digest(document["config"]["entity"]),
            costs=came.costs,
            error=came.error,
            measured_at=came.measured_at,
            tvm_version=_tvm_version(document.get("tvm_version")),
            native=native,
            unusable=came.unusable,
        )

    def tunes(self, document: Any) -> Workload:
        return _workload(orjson.dumps(document["input"][1:]))

    def quick_reader(self, reader: LineReader) -> QuickReader:
        from tvmgitlib.families.autotvm.quick import quick_lines

        return quick_lines(self.name, FAILED)

    def target_of(self, document: Any) -> Any:
        return document["input"][0]

    def with_target(self, native: bytes, attributes: Mapping[str, object]) -> bytes:
        document = orjson.loads(native)
        document["input"][0] = cli_text(attributes)
        return orjson.dumps(document)

    def rewritten(self, record: TuningRecord) -> Mapping[str, str] | None:
        given = record.target.text
        if record.target.is_portable or _with_text(record.native, given, given) is None:
            return None
        return {"given": given, "written": cli_text(record.target.portable)}

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        said = _said_target(bag)
        line = _with_text(native, said["given"], said["written"]) if said else None
        return super().wrap(native if line is None else line, bag)

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        written, bag = super().unwrap(line)
        said = _said_target(bag) if bag is not None else None
        native = _with_text(written, said["written"], said["given"]) if said else None
        return written if native is None else native, bag

    def label(self, workload: Workload) -> str:
        try:
            document = orjson.loads(workload.text)
        except ValueError:
            return workload.text
        match document:
            case [str(name), [*arguments], *keywords]:
                return call_label(name, [*arguments, *keywords])
        return workload.text

    def call(self, workload: Workload) -> Call | None:
        from tvmgitlib.model import Call

        match json.loads(workload.text):
            case [str(name), *arguments]:
                return Call(name, arguments)
        return None

    def decisions(self, document: Any) -> Decisions | None:
        from tvmgitlib.families.autotvm.knobs import knobs_of
        from tvmgitlib.model import Decisions

        return Decisions(knobs_of(document["config"]["entity"]))

    def known_by(self, target: Target) -> frozenset[str]:
        return tvm_keys(target)

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        return left_tvm("AutoTVM", current)


def _tvm_version(said: object) -> str | None:
    """The version as `tvm.__version__` writes it; forks and old builds say `v0.8.0`, 0.8 (a number), or nothing."""
    if isinstance(said, float) and not math.isfinite(said):
        return None
    text = str(said) if isinstance(said, (str, int, float)) and not isinstance(said, bool) else ""
    return text.strip().removeprefix("v") or None


#: How a line begins, up to its target.
_BEFORE_TARGET: Final = rb'\{\s*"input"\s*:\s*\[\s*'


def _with_text(native: bytes, old: str, new: str) -> bytes | None:
    """A line with another text for its target; None where the old one does not stand at its place, as JSON has it."""
    begin = re.match(_BEFORE_TARGET, native)
    token = json.dumps(old).encode()
    if begin is None or not native.startswith(token, begin.end()):
        return None
    return native[: begin.end()] + json.dumps(new).encode() + native[begin.end() + len(token) :]


def _said_target(bag: bytes) -> Mapping[str, str] | None:
    """What a bag says of the target's text; None where the line holds the native text as it is."""
    if b'"target":' not in bag:
        return None
    try:
        match orjson.loads(bag):
            case {"target": {"given": str(given), "written": str(written)}}:
                return {"given": given, "written": written}
    except ValueError:
        pass
    return None


#: How an identity ends that has no keyword arguments.
_NO_KEYWORDS: Final = b",{}]"

#: What orjson spells in another way than the canonical one, or has rounded: numbers with a point or exponent, and keys.
_ODD: Final = re.compile(rb"[0-9][.e]|\{")


@lru_cache(maxsize=65536)
def _workload(identity: bytes) -> Workload:
    name, args, kwargs = orjson.loads(identity)
    plain = identity.removesuffix(_NO_KEYWORDS)
    if kwargs == {} and _ODD.search(plain) is None:
        return workload("autotvm", f"{plain.decode()}]", "input")
    _refuse_rounded([args, kwargs])
    return workload("autotvm", canonical_json([name, args, kwargs] if kwargs else [name, args]), "input")


def _refuse_rounded(value: Any) -> None:
    """Refuse arguments that only look equal: beyond 64 bits, integers are read as the nearest double."""
    if isinstance(value, float) and abs(value) >= 2**63:
        raise RecordError(f"the workload has an argument beyond 64 bits, about {value}", field="input")
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_rounded(item)
