"""What several families make of their lines."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.model import ERROR_KINDS, ErrorKind, Workload, canonical_json

#: The longest identity of a workload, in characters; what `schema/v1/segment.json` allows.
MAX_IDENTITY = 65536


def workload(family: str, text: str, field: str) -> Workload:
    """The workload of this identity.

    Raises:
        RecordError: the identity is longer than what the library keeps.
    """
    if len(text) > MAX_IDENTITY:
        raise RecordError(f"the workload's identity is longer than {MAX_IDENTITY:,} characters", field=field)
    return Workload(family, text)


def config_digest(schedule: Any) -> bytes:
    """SHA-256 of a schedule's JSON: two records with one digest generate the same code."""
    return hashlib.sha256(orjson.dumps(schedule)).digest()


def check_costs(costs: list[Any], field: str) -> tuple[float, ...]:
    """Costs as floats in seconds.

    Raises:
        RecordError: when there are none, or one is not above zero.
    """
    if not costs:
        raise RecordError("there are no costs", field=field)
    for index, cost in enumerate(costs):
        if not cost > 0:
            raise RecordError(f"a cost of {cost} s: run times are above zero", field=f"{field}[{index}]")
    return tuple(map(float, costs))


def error_kind(number: int, costs: tuple[float, ...], failed: float) -> ErrorKind | None:
    """The kind of failure that an error number of AutoTVM and Ansor stands for; None for a success.

    A success whose cost is the mark of a failure is one whose reason was lost.
    """
    if number == 0:
        return "unknown" if min(costs) >= failed else None
    return ERROR_KINDS[number - 1] if number <= len(ERROR_KINDS) else "unknown"


def call_label(name: str, arguments: list[Any]) -> str:
    """A workload as one writes a call: `dense.x86(float32[1,512], float32[10,512], None, float32)`."""
    return f"{_word(name)}({', '.join(map(_word, arguments))})"


def _word(value: Any) -> str:
    match value:
        case ["TENSOR", [*shape], str(dtype)]:
            return f"{dtype}[{','.join(map(_word, shape))}]"
        case list():
            return f"[{','.join(map(_word, value))}]"
        case str() if value.isprintable():
            return value
        case None | bool():
            return str(value)
        case _:
            return canonical_json(value)
