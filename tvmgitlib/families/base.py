"""What every family can do, and the bag that the library adds to a record's line."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import orjson

from tvmgitlib.errors import RecordError
from tvmgitlib.model.record import TuningRecord
from tvmgitlib.model.workload import FamilyName, Workload

#: The key of the bag. Everything under it is ours; everything else on a line is the tuner's own text.
BAG_KEY = "x-tvmgitlib"

#: The longest identity of a workload, in characters; what `schema/v1/segment.json` allows.
MAX_IDENTITY = 65536

_BAG_MEMBER = b', "%s": ' % BAG_KEY.encode()
_ENVELOPE = b'{"native": '


class Family(Protocol):
    """A generation of TVM tuners."""

    name: FamilyName

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        """Interpret one line that its schema has found valid.

        Args:
            document: the parsed line.
            native: the line's own text.
            workload: what it tunes, where the line does not say (MetaSchedule).

        Raises:
            RecordError: for what a schema cannot tell.
            TargetError: when the target does not parse.
        """
        ...

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        """The library's line: the native text, byte for byte, with the bag (a JSON object) beside it."""
        ...

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        """The native text of a line, and its bag where it has one."""
        ...


def splice(native: bytes, bag: bytes) -> bytes:
    """Add the bag as the last member of a native JSON object: readers that skip unknown keys load it as it is."""
    return native[:-1] + _BAG_MEMBER + bag + b"}"


def unsplice(line: bytes) -> tuple[bytes, bytes | None]:
    """Undo `splice`. Inside a JSON string the quotes would be escaped, so the last match is the bag itself."""
    at = line.rfind(_BAG_MEMBER)
    if at < 0:
        return line, None
    return line[:at] + b"}", line[at + len(_BAG_MEMBER) : -1]


def envelop(native: bytes, bag: bytes) -> bytes:
    """Put a native value whose reader allows no unknown key beside the bag."""
    return _ENVELOPE + native + _BAG_MEMBER + bag + b"}"


def unenvelop(line: bytes) -> tuple[bytes, bytes | None]:
    """Undo `envelop`; a line that is no envelope is native as it is."""
    if not line.startswith(_ENVELOPE):
        return line, None
    native, bag = unsplice(line)
    return native[len(_ENVELOPE) : -1], bag


def workload(family: FamilyName, text: str, field: str) -> Workload:
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
