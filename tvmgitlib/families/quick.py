"""Lines of logs as typed values, straight from their bytes: what the quick readers of several families have in common.

A line differs from the one before it in its schedule and its result; what it is for, it repeats to the byte. That part
stays raw, and is looked up among those whose lines went through the schema and the family's rules; everything else is
held against its type while it is parsed. So no check is left out, and none is made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
import orjson

from tvmgitlib.families.values import config_digest
from tvmgitlib.model import GivenTarget, TuningRecord, Workload

Line = TypeVar("Line")

_Plain: TypeAlias = int | float | str | bool | None
_Nested: TypeAlias = _Plain | list[_Plain | list[_Plain | list[_Plain]]]

#: A value in a schedule: as deep as those of tuners are, and no object, since keys of one might repeat.
Value: TypeAlias = _Plain | list[_Nested]

#: What parsing raises for a line that is malformed, of another type, or nested deeply.
_NOT_TAKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

#: Longer lines are not taken (bytes): so no text in one is longer than a schema allows, and none has too many parts.
_LONGEST: Final = 65536

#: How many subjects are kept in mind.
_MOST_SUBJECTS: Final = 4096


class Subject(NamedTuple):
    """What lines are for.

    Attributes:
        target: the target.
        workload: the workload.
        tvm_version: the TVM that wrote them.
        colons: how many there are in such a line, where no key is given twice: of two equal ones a parser keeps one and
            says nothing of the other, but each has its colon.
    """

    target: GivenTarget
    workload: Workload
    tvm_version: str | None
    colons: int


class Subjects(Generic[Line]):
    """What lines are for, by what of a line says so.

    Args:
        decode: parses a line into what its type says.
        subject: what of a line says what it is for.
        colons: how many there are in a line beside its schedule and its result, where no key is given twice.
        schedule: the part of a line that is its schedule.
    """

    def __init__(
        self,
        decode: Callable[[bytes], Line],
        subject: Callable[[Line], Hashable],
        colons: Callable[[Line], int],
        schedule: Callable[[Line], object],
    ) -> None:
        self._decode = decode
        self._subject_of = subject
        self._colons = colons
        self._schedule = schedule
        self._known: dict[Hashable, Subject] = {}

    def recognised(self, native: bytes) -> tuple[Line, Subject, bytes] | None:
        """A line as it is typed, what it is for, and the digest of its schedule; None for a line that is not taken."""
        if len(native) > _LONGEST:
            return None
        try:
            line = self._decode(native)
            subject = self._known.get(self._subject_of(line))
            if subject is None or native.count(b":") != subject.colons:
                return None
            return line, subject, config_digest(self._schedule(line))
        except (*_NOT_TAKEN, orjson.JSONEncodeError):  # the last of these for a number beyond 64 bits
            return None

    def learn(self, native: bytes, record: TuningRecord) -> None:
        """Take note of what a line is for.

        Args:
            native: the line.
            record: what it says, by the schema and the rules.
        """
        try:
            line = self._decode(native)
        except _NOT_TAKEN:
            return
        if len(self._known) == _MOST_SUBJECTS:
            self._known.clear()
        subject = Subject(record.target, record.workload, record.tvm_version, self._colons(line))
        self._known[self._subject_of(line)] = subject
