"""The lines that nearly all of a MetaSchedule database are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec

from tvmgitlib.families.quick import Subjects, Value
from tvmgitlib.families.values import run_times
from tvmgitlib.model import TuningRecord

_Instruction: TypeAlias = Annotated[list[Value], msgspec.Meta(min_length=1)]
_Trace: TypeAlias = tuple[list[_Instruction], list[Value]]
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
_Line: TypeAlias = tuple[_Number, tuple[_Trace, tuple[float, ...], msgspec.Raw, msgspec.Raw]]


def _subject(line: _Line) -> tuple[int, bytes, bytes]:
    number, (_, _, target, args) = line
    return number, bytes(target), bytes(args)


def _colons(line: _Line) -> int:
    _, (_, _, target, args) = line
    return bytes(target).count(b":") + bytes(args).count(b":")


def _schedule(line: _Line) -> object:
    return line[1][0]


class QuickMetaSchedule:
    """See `QuickReader`.

    Args:
        family: the family's name.
        failed: the mark of a failure, in seconds.
        numbered: numbers equal records, and says why one failed.
    """

    def __init__(self, family: str, failed: float, numbered: Callable[[TuningRecord], TuningRecord]) -> None:
        self._family = family
        self._failed = failed
        self._numbered = numbered
        self._subjects = Subjects(msgspec.json.Decoder(_Line).decode, _subject, _colons, _schedule)
        self.learn = self._subjects.learn

    def read(self, native: bytes) -> TuningRecord | None:
        """See `QuickReader`."""
        found = self._subjects.recognised(native)
        if found is None:
            return None
        line, (target, workload, tvm_version, _), config = found
        costs, error, _, unusable = run_times(line[1][1], self._failed)
        return self._numbered(
            TuningRecord(self._family, target, workload, config, costs, error, None, tvm_version, native, unusable)
        )
