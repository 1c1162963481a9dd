"""AutoTVM, log format 0.2.

Format: `tvm/autotvm/record.py` (`encode`, `decode`) and `tvm/autotvm/measure/measure.py` (`MeasureErrorNo`) of TVM
0.16. `decode` skips unknown keys, so the bag is spliced into the record and stock TVM loads the line as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from tvmgitlib.families.base import check_costs, config_digest, splice, unsplice
from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.record import ERROR_KINDS, ErrorKind, TuningRecord
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.workload import FamilyName, Workload

#: What `MeasureResult` holds for a failed trial, in seconds.
_FAILED: Final = 1e9


def error_kind(number: int, costs: tuple[float, ...], failed: float) -> ErrorKind | None:
    """The kind of failure that an error number of AutoTVM and Ansor stands for; None for a success.

    A success whose cost is the mark of a failure is one whose reason was lost.
    """
    if number == 0:
        return "unknown" if min(costs) >= failed else None
    return ERROR_KINDS[number - 1] if number <= len(ERROR_KINDS) else "unknown"


@lru_cache(maxsize=65536)
def _workload(identity: bytes) -> Workload:
    name, args, kwargs = orjson.loads(identity)
    return Workload("autotvm", canonical_json([name, args, kwargs] if kwargs else [name, args]))


class AutoTvm:
    """See `Family`."""

    name: FamilyName = "autotvm"

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        target, *identity = document["input"]
        costs, error, _, measured_at = document["result"]
        seconds = check_costs(costs, "result[0]")
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=_workload(orjson.dumps(identity)),
            config=config_digest(document["config"]["entity"]),
            costs=seconds,
            error=error_kind(error, seconds, _FAILED),
            measured_at=float(measured_at),
            tvm_version=document.get("tvm_version"),
            native=native,
        )

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        return splice(native, bag)

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        return unsplice(line)
