"""The lines that nearly all of an Ansor log are."""

from __future__ import annotations

from typing import Annotated

import msgspec
import orjson

from tvmgitlib.families.quick import Lines, Value
from tvmgitlib.families.values import config_digest, outcome
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
        self._lines = Lines(msgspec.json.Decoder(_Line).decode, _subject, _colons)
        self.learn = self._lines.learn

    def read(self, native: bytes) -> TuningRecord | None:
        """See `QuickReader`."""
        if (found := self._lines.parsed(native)) is None:
            return None
        line, (target, workload, tvm_version, _) = found
        try:
            config = config_digest(line.i[1][1])
        except orjson.JSONEncodeError:  # a number beyond 64 bits
            return None
        costs, error, measured_at, unusable = outcome(line.r, self._failed)
        return TuningRecord(
            self._family, target, workload, config, costs, error, measured_at, tvm_version, native, unusable
        )
