"""Ansor (auto_scheduler), log formats v0.2 to v0.6.

Format: `src/auto_scheduler/measure_record.cc` of TVM 0.16. Its reader refuses unknown keys, so records are kept in an
envelope. A line names no TVM.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from tvmgitlib.families.autotvm import error_kind
from tvmgitlib.families.base import check_costs, config_digest, envelop, unenvelop
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.workload import FamilyName, Workload

#: What `MeasureResult` holds for a failed trial, in seconds.
FAILED: Final = 1e10


@lru_cache(maxsize=65536)
def _workload(key: str) -> Workload:
    return Workload("ansor", key)


class Ansor:
    """See `Family`."""

    name: FamilyName = "ansor"

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        (key, target, *_), (_, steps) = document["i"]
        costs, error, _, measured_at = document["r"]
        seconds = check_costs(costs, "r[0]")
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=_workload(key),
            config=config_digest(steps),
            costs=seconds,
            error=error_kind(int(error), seconds, FAILED),
            measured_at=float(measured_at),
            tvm_version=None,
            native=native,
        )

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        return envelop(native, bag)

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        return unenvelop(line)
