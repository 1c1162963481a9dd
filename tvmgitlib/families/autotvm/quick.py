"""The lines that nearly all of an AutoTVM log are."""

from __future__ import annotations

from typing import Literal

import msgspec

from tvmgitlib.families.quick import Subjects, Value
from tvmgitlib.families.values import typed_outcome
from tvmgitlib.model import TuningRecord


class _Config(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    index: int | None
    code_hash: str | None
    entity: list[tuple[str, Literal["sp", "ot", "re", "an"], Value]]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    input: msgspec.Raw
    config: _Config
    result: tuple[tuple[float, ...], int, float, float]
    version: float | str | None | msgspec.UnsetType = msgspec.UNSET
    tvm_version: str | None | msgspec.UnsetType = msgspec.UNSET


def _subject(line: _Line) -> tuple[object, ...]:
    return bytes(line.input), line.version, line.tvm_version


def _colons(line: _Line) -> int:
    always, given = 6, (line.version is not msgspec.UNSET) + (line.tvm_version is not msgspec.UNSET)
    return bytes(line.input).count(b":") + always + given


def _schedule(line: _Line) -> object:
    return line.config.entity


class QuickAutoTvm:
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
        costs, error, measured_at, unusable = typed_outcome(line.result, self._failed)
        return TuningRecord(
            self._family, target, workload, config, costs, error, measured_at, tvm_version, native, unusable
        )
