"""Quark, an invented tuner: a line when a plan is begun, and one when it has run or failed.

{"quark": "begin", "kernel": "blur", "shape": [64, 64], "on": "llvm", "plan": {"tile": 8}}
{"quark": "end", "kernel": "blur", "shape": [64, 64], "on": "llvm", "plan": {"tile": 8}, "ns": [950, 1010],
 "at": 1700000000.5, "by": "2.1"}
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from tvmgitlib.families.bag import Spliced
from tvmgitlib.families.base import Family, LineReader
from tvmgitlib.families.values import config_digest, unusable_times
from tvmgitlib.model import RecordError, TuningRecord, TvmVersion, Workload, canonical_json, parse_target

_FAILURES = {"build": "compile_host", "run": "runtime_device"}


class Quark(Spliced, Family):
    """See `Family`. Quark's own reader skips unknown keys, so the bag is spliced into its lines."""

    name = "quark"
    title = "Quark"

    def schema(self) -> dict[str, Any]:
        text = resources.files(__name__).joinpath("record.schema.json").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
        return document

    def claims(self, document: Any) -> bool:
        return isinstance(document, dict) and "quark" in document

    def refusal(self, line: bytes, document: Any | None) -> RecordError | None:
        if document is None and line.startswith(b"quark "):
            return RecordError("a line of Quark 0, which is no JSON", hint="Tune again with Quark 1 or newer.")
        return None

    def reader(self, beside: Any) -> LineReader:
        def read(document: Any, native: bytes) -> TuningRecord | None:
            return None if document["quark"] == "begin" else self.record(document, native)

        return read

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        failed = _FAILURES.get(document.get("failed", ""))
        costs = tuple(nanoseconds * 1e-9 for nanoseconds in document.get("ns", [1e18]))
        unusable = unusable_times(costs)
        return TuningRecord(
            family=self.name,
            target=parse_target(document["on"]),
            workload=Workload(self.name, canonical_json([document["kernel"], document["shape"]])),
            config=config_digest(sorted(document["plan"].items())),
            costs=costs,
            error=failed or (unusable and "unknown"),  # type: ignore[arg-type]
            measured_at=float(document["at"]),
            tvm_version=document["by"],
            native=native,
            unusable=unusable,
        )

    def label(self, workload: Workload) -> str:
        kernel, shape = json.loads(workload.text)
        return f"{kernel}[{'x'.join(map(str, shape))}]"

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        if (tuned_with.version or "").startswith("1.") and (current.version or "").startswith("2."):
            return f"tuned with {tuned_with}, and plans of Quark 1 do not load in {current}; tune it again"
        return None


FAMILY = Quark()
