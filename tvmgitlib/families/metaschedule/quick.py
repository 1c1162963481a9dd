"""The lines that nearly all of a MetaSchedule database are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Annotated, TypeAlias

import msgspec

from tvmgitlib.families.quick import Costs, QuickLines, Result, Value
from tvmgitlib.model import TuningRecord

_Instruction: TypeAlias = Annotated[list[Value], msgspec.Meta(min_length=1)]
_Trace: TypeAlias = tuple[list[_Instruction], list[Value]]
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Line: TypeAlias = tuple[_Number, tuple[_Trace, Costs, msgspec.Raw, msgspec.Raw]]


def _parts(line: _Line) -> tuple[Hashable, object, Result]:
    number, (trace, run_secs, target, args) = line
    return (number, bytes(target), bytes(args)), trace, (run_secs, 0, 0.0, 0.0)


def _colons(line: _Line) -> int:
    _, (_, _, target, args) = line
    return bytes(target).count(b":") + bytes(args).count(b":")


class QuickMetaSchedule:
    """See `QuickReader`.

    Args:
        family: the family's name.
        failed: the mark of a failure, in seconds.
        numbered: numbers equal records, and says why one failed.
    """

    def __init__(self, family: str, failed: float, numbered: Callable[[TuningRecord], TuningRecord]) -> None:
        lines = QuickLines(family, failed, msgspec.json.Decoder(_Line).decode, _parts, _colons, is_timed=False)
        self._read = lines.read
        self._numbered = numbered
        self.learn = lines.learn

    def read(self, natives: Sequence[bytes], first: int = 0) -> list[TuningRecord]:
        """See `QuickReader`."""
        return list(map(self._numbered, self._read(natives, first)))
