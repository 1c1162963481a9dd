"""AutoTVM, log format 0.2.

Format: `tvm/autotvm/record.py` (`encode`, `decode`) and `tvm/autotvm/measure/measure.py` (`MeasureErrorNo`) of TVM
0.16. `decode` skips unknown keys, so the bag is spliced into the record and stock TVM loads the line as it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.families.base import BAG_KEY, check_costs, config_digest, splice, unsplice, workload
from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.record import ERROR_KINDS, ErrorKind, TuningRecord
from tvmgitlib.model.target import parse_target
from tvmgitlib.model.workload import FamilyName, Workload

#: What `MeasureResult` holds for a failed trial, in seconds.
FAILED: Final = 1e9


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
    _refuse_rounded([args, kwargs])
    return workload("autotvm", canonical_json([name, args, kwargs] if kwargs else [name, args]), "input")


def _refuse_rounded(value: Any) -> None:
    """Refuse arguments that only look equal: beyond 64 bits, integers are read as the nearest double."""
    if isinstance(value, float) and abs(value) >= 2**63:
        raise RecordError(f"the workload has an argument beyond 64 bits, about {value}", field="input")
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_rounded(item)


class AutoTvm:
    """See `Family`."""

    name: FamilyName = "autotvm"

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        if BAG_KEY in document:  # in another spelling than the library's, else it would not be in the native text
            raise RecordError(
                "the key is the library's own, and here it is not as the library writes it",
                field=BAG_KEY,
                hint=f"Take {BAG_KEY} out of the line, or give the line as it was in the library.",
            )
        target, *identity = document["input"]
        costs, error, _, measured_at = document["result"]
        seconds = check_costs(costs, "result[0]")
        return TuningRecord(
            family=self.name,
            target=parse_target(target),
            workload=_workload(orjson.dumps(identity)),
            config=config_digest(document["config"]["entity"]),
            costs=seconds,
            error=error_kind(int(error), seconds, FAILED),
            measured_at=float(measured_at),
            tvm_version=document.get("tvm_version"),
            native=native,
        )

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        return splice(native, bag)

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        return unsplice(line)
