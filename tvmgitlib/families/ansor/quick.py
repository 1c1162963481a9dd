"""The lines that nearly all of an Ansor log are."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tvmgitlib.families.quick import Subjects, Value
from tvmgitlib.families.values import typed_outcome
from tvmgitlib.model import TuningRecord

_Step = Annotated[list[Value], msgspec.Meta(min_length=1)]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    i: tuple[msgspec.Raw, tuple[list[Value], list[_Step]]]
    r: tuple[tuple[float, ...], int, float, float]
    v: str | msgspec.UnsetType = msgspec.UNSET


def _subject(line: _Line) -> bytes:
    return bytes(line.i[0])


def _colons(line: _Line) -> int:
    always, given = 2, line.v is not msgspec.UNSET
    return bytes(line.i[0]).count(b":") + always + given


def _schedule(line: _Line) -> object:
    return line.i[1][1]


class QuickAnsor:
    """See `QuickReader`.

    Args:
        family: the family's name.
        failed: the mark of a failure, in seconds.
    """

    def __init__(self, family: str, failed: float) -> None:
        self._family = family
        self._failed = failed
        self._subjects = Subjects(msgspec.json.Decoder(_Line).decode, _subject, _colons, _schedule)
        self.learn = self._subjects.learn

    def read(self, native: bytes) -> TuningRecord | None:
        """See `QuickReader`."""
        found = self._subjects.recognised(native)
        if found is None:
            return None
        line, (target, workload, tvm_version, _), config = found
        costs, error, measured_at, unusable = typed_outcome(line.r, self._failed)
        return TuningRecord(
            self._family, target, workload, config, costs, error, measured_at, tvm_version, native, unusable
        )
