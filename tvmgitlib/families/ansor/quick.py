"""The lines that nearly all of an Ansor log are."""

from __future__ import annotations

from typing import Annotated

import msgspec
import orjson

from tvmgitlib.families.quick import LONGEST, NOT_TAKEN, Subjects, Value
from tvmgitlib.families.values import config_digest, typed_outcome
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


class QuickAnsor:
    """See `QuickReader`.

    Args:
        family: the family's name.
        failed: the mark of a failure, in seconds.
    """

    def __init__(self, family: str, failed: float) -> None:
        self._family = family
        self._failed = failed
        self._decode = msgspec.json.Decoder(_Line).decode
        self._subjects = Subjects(self._decode, _subject, _colons)
        self.learn = self._subjects.learn

    def read(self, native: bytes) -> TuningRecord | None:
        """See `QuickReader`."""
        if len(native) > LONGEST:
            return None
        try:
            line = self._decode(native)
            subject = self._subjects.get(_subject(line))
            if subject is None or native.count(b":") != subject.colons:
                return None
            config = config_digest(line.i[1][1])
        except (*NOT_TAKEN, orjson.JSONEncodeError):  # the last of these for a number beyond 64 bits
            return None
        target, workload, tvm_version, _ = subject
        costs, error, measured_at, unusable = typed_outcome(line.r, self._failed)
        return TuningRecord(
            self._family, target, workload, config, costs, error, measured_at, tvm_version, native, unusable
        )
