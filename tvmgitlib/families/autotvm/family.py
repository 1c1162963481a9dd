"""AutoTVM, log format 0.2.

Format: `tvm/autotvm/record.py` (`encode`, `decode`) and `tvm/autotvm/measure/measure.py` (`MeasureErrorNo`) of TVM
0.16. `decode` skips unknown keys, so the bag is spliced into the record and stock TVM loads the line as it is.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.families.bag import BAG_KEY, Spliced
from tvmgitlib.families.base import Family
from tvmgitlib.families.shipped import left_tvm, shipped_schema
from tvmgitlib.families.values import call_label, config_digest, outcome, workload
from tvmgitlib.model import TuningRecord, TvmVersion, Workload, canonical_json, parse_target

#: What `MeasureResult` holds for a failed trial, in seconds.
FAILED: Final = 1e9


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
                hint="Convert the log to JSON with the TVM that wrote it: python -m tvm.autotvm.record --mode convert.",
            )
        if isinstance(document, dict) and "i" in document and "r" in document:
            return RecordError(
                "a record of AutoTVM's format 0.1, whose workloads and configs today's TVM cannot use",
                field="v",
                hint="Convert the log to format 0.2 with the TVM that wrote it, or tune again.",
            )
        return None

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        if BAG_KEY in document:  # in another spelling than the library's, else it would not be in the native text
            raise RecordError(
                "the key is the library's own, and here it is not as the library writes it",
                field=BAG_KEY,
                hint=f"Take {BAG_KEY} out of the line, or give the line as it was in the library.",
            )
        target, *identity = document["input"]
        came = outcome(document["result"], FAILED)
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=_workload(orjson.dumps(identity)),
            config=config_digest(document["config"]["entity"]),
            costs=came.costs,
            error=came.error,
            measured_at=came.measured_at,
            tvm_version=_tvm_version(document.get("tvm_version")),
            native=native,
            unusable=came.unusable,
        )

    def label(self, workload: Workload) -> str:
        try:
            document = json.loads(workload.text)
        except ValueError:
            return workload.text
        match document:
            case [str(name), [*arguments], *keywords]:
                return call_label(name, [*arguments, *keywords])
        return workload.text

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        return left_tvm("AutoTVM", current)


def _tvm_version(said: str | None) -> str | None:
    """The version as `tvm.__version__` writes it; forks and old builds say `v0.8.0`, or nothing."""
    version = (said or "").strip().removeprefix("v")
    return version or None


@lru_cache(maxsize=65536)
def _workload(identity: bytes) -> Workload:
    name, args, kwargs = orjson.loads(identity)
    _refuse_rounded([args, kwargs])
    return workload("autotvm", canonical_json([name, args, kwargs] if kwargs else [name, args]), "input")


def _refuse_rounded(value: Any) -> None:
    """Refuse arguments that only look equal: beyond 64 bits, integers are read as the nearest double."""
    if isinstance(value, float) and abs(value) >= 2**63:
        raise RecordError(f"the workload has an argument beyond 64 bits, about {value}", field="input")
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_rounded(item)
