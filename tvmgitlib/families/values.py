"""What several families make of their lines."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from tvmgitlib.model import ERROR_KINDS, ErrorKind, RecordError, Workload, canonical_json

#: The longest identity of a workload, in characters; what `schema/v1/segment.json` allows.
MAX_IDENTITY = 65536

#: The last second of the year 9999, beyond which calendars end.
LAST_MOMENT: Final = 253402300799


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
    return sha256(orjson.dumps(schedule)).digest()


class Outcome(NamedTuple):
    """What came of a trial.

    Attributes:
        costs: run times in seconds; NaN for null.
        error: the kind of failure; None for a success.
        measured_at: Unix time in seconds; None where the log has none that can be.
        unusable: why a trial that its log calls a success is taken for a failure, in words; None for all others.
    """

    costs: tuple[float, ...]
    error: ErrorKind | None
    measured_at: float | None = None
    unusable: str | None = None


def outcome(result: Sequence[Any], failed: float, *, reads_null: bool = False) -> Outcome:
    """What a trial's `[costs, error number, all cost, time stamp]`, as AutoTVM and Ansor log it, comes to.

    A success whose times can be none says nothing of its config: it is a trial that failed, for a reason unknown. So is
    one whose cost is the mark of a failure.

    Args:
        result: what is logged; NaN and infinities among it as they stand there.
        failed: the mark of a failure, in seconds.
        reads_null: whether TVM reads anything but numbers beside the run times, which say all that counts. Where it
            does not, such a line keeps it from loading the lines beside it.
    """
    costs, number, all_cost, moment = result
    number = int(number)  # 4.0 is an integer of JSON too
    seconds = tuple(map(_number, costs))
    measured_at = _moment(moment)
    if number != 0:
        return Outcome(seconds, ERROR_KINDS[number - 1] if 0 < number <= len(ERROR_KINDS) else "unknown", measured_at)
    unusable = unusable_times(costs)
    if unusable is None and not (_is_finite(all_cost) or (reads_null and not _is_number(all_cost))):
        unusable = f"a trial that took {_as_written(all_cost)} s"
    if unusable is None and measured_at is None and not (reads_null and not _is_number(moment)):
        unusable = f"a time stamp of {_as_written(moment)} s"
    marked = unusable is None and min(seconds) >= failed
    return Outcome(seconds, "unknown" if unusable or marked else None, measured_at, unusable)


def run_times(run_secs: Sequence[Any], failed: float) -> Outcome:
    """The same of what MetaSchedule logs: run times, and no more."""
    return outcome([run_secs, 0, 0.0, 0.0], failed)


def unusable_times(seconds: Sequence[float | None]) -> str | None:
    """Why run times in seconds are none, in words; None where they can be some."""
    if not seconds:
        return "no run time"
    for each in seconds:
        if each is None or not 0 < each < math.inf:
            return f"a run time of {_as_written(each)} s"
    return None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _moment(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 <= value <= LAST_MOMENT else None


def _as_written(value: float | None) -> str:
    if value is None:
        return "null"
    return "NaN" if math.isnan(value) else f"{value:g}"


#: A data type in a label, and what it is called there: as LLVM does.
_TYPE: Final = re.compile(r"(?<![A-Za-z0-9_])(bfloat|float|uint|int)(?=[0-9])")
_SHORT_TYPES: Final = {"bfloat": "bf", "float": "f", "uint": "u", "int": "i"}
_TENSOR: Final = re.compile(r"(?<![A-Za-z0-9_])([a-z]+[0-9]*(?:_[a-z0-9]+)*)\[(-?[0-9]+(?:,-?[0-9]+)*)\]")


def call_label(name: str, arguments: list[Any]) -> str:
    """A workload as one writes a call, shapes as LLVM writes them: `dense.x86(1x512xf32, 10x512xf32, None, f32)`."""
    return f"{_word(name)}({', '.join(map(_word, arguments))})"


@lru_cache(maxsize=16)  # what is looked for is looked for in label after label
def short_types(text: str) -> str:
    """A text with tensors and data types as labels have them: `256x256xf32` for `float32[256,256]`."""
    return _short_type(_TENSOR.sub(lambda found: f"{found[2].replace(',', 'x')}x{_short_type(found[1])}", text))


@lru_cache(maxsize=256)  # names and types come again in workload after workload
def _short_type(text: str) -> str:
    return _TYPE.sub(lambda found: _SHORT_TYPES[found[1]], text)


def _word(value: Any) -> str:
    match value:
        case None | int():  # a bool, too
            return str(value)
        case str() if value.isprintable():
            return _short_type(value)
        case ["TENSOR", [*shape], str(dtype)]:
            return "x".join([*map(_word, shape), _short_type(dtype)])
        case list():
            return f"[{','.join(map(_word, value))}]"
        case _:
            return canonical_json(value)
