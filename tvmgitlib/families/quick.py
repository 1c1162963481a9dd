"""Lines of tuners as typed values, straight from their bytes: what the quick readers of several families share.

They are asked for logs, and for records in segments and configs/ that nobody has proven. A line differs from the one
before it in its schedule and its result; what it is for, it repeats to the byte. That part stays raw, and is looked up
among those whose lines went through the schema and the family's rules; everything else is held against its type while
it is parsed. So no check is left out, and none is made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from typing import Annotated, Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec
import orjson

from tvmgitlib.families.values import LAST_MOMENT
from tvmgitlib.model import ERROR_KINDS, ErrorKind, GivenTarget, TuningRecord, Workload

Line = TypeVar("Line")

_Plain: TypeAlias = int | float | str | bool | None
_Nested: TypeAlias = _Plain | list[_Plain | list[_Plain | list[_Plain]]]

#: An integer that nothing is made of: beyond 64 bits, it is the strict reader's to say what it is.
Integer: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

#: A value in a schedule: as deep as those of tuners are, and no object, since keys of one might repeat.
Value: TypeAlias = _Plain | list[_Nested]

#: The run times of a trial, in seconds, such as can be some.
Costs: TypeAlias = Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], msgspec.Meta(min_length=1)]

#: What a trial came to: its costs, the number of its error, how long it took in all, and when it was measured.
Result: TypeAlias = tuple[
    Costs,
    Annotated[int, msgspec.Meta(ge=0, le=len(ERROR_KINDS))],
    float,
    Annotated[float, msgspec.Meta(ge=0, le=LAST_MOMENT)],
]

#: The kinds of failures by their numbers.
_ERRORS: Final[tuple[ErrorKind | None, ...]] = (None, *ERROR_KINDS)

#: What is raised for a line that is malformed, of another type, or nested deeply; by looking up what it is for; and by
#: writing its schedule, for a number beyond 64 bits.
_NOT_TAKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, orjson.JSONEncodeError)

#: Longer lines are not taken (bytes): so no text in one is longer than a schema allows, and none has too many parts.
_LONGEST: Final = 65536

#: How many subjects are kept in mind, and how long the lines were that they were learnt from (bytes, all together).
_MOST_SUBJECTS: Final = 4096
_MOST_LEARNT: Final = 1 << 24


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


class QuickLines(Generic[Line]):
    """See `QuickReader`. What is the same in every family; all of it in one loop.

    Args:
        family: the family's name.
        failed: the mark of a failure, in seconds.
        decode: parses a line into what its type says.
        parts: what of a line says what it is for, and which keys it has that others may lack; its schedule; and its
            result.
        colons: how many there are in a line beside its schedule and its result, where no key is given twice.
        is_timed: whether results say when they were measured.
    """

    def __init__(
        self,
        family: str,
        failed: float,
        decode: Callable[[bytes], Line],
        parts: Callable[[Line], tuple[Hashable, object, Result]],
        colons: Callable[[Line], int],
        *,
        is_timed: bool = True,
    ) -> None:
        self._family = family
        self._failed = failed
        self._decode = decode
        self._parts = parts
        self._colons = colons
        self._is_timed = is_timed
        self._known: dict[Hashable, Subject] = {}
        self._learnt = 0
        #: Whether the colons of each line are counted, and not of all that are read at once: some line has too many.
        self._is_careful = False

    def read(self, natives: Sequence[bytes], first: int = 0) -> list[TuningRecord]:
        """See `QuickReader`."""
        family, failed, is_timed, is_careful = self._family, self._failed, self._is_timed, self._is_careful
        decode, parts, known, dumps, digest = self._decode, self._parts, self._known, orjson.dumps, sha256
        record, new, errors = TuningRecord, tuple.__new__, _ERRORS
        records: list[TuningRecord] = []
        colons = 0
        for native in natives[first:] if first else natives:
            if len(native) > _LONGEST:
                break
            try:
                subject, schedule, (costs, number, _, moment) = parts(decode(native))
                target, workload, tvm_version, in_line = known[subject]
                config = digest(dumps(schedule)).digest()  # as `config_digest`
            except _NOT_TAKEN:
                break
            if (number == 0 and max(costs) >= failed) or (is_careful and native.count(b":") != in_line):
                break
            colons += in_line
            when = moment if is_timed else None
            # As `TuningRecord(...)`, at a third of the time.
            fields = (family, target, workload, config, costs, errors[number], when, tvm_version, native, None, 0)
            records.append(new(record, fields))
        if not is_careful and b"".join([record.native for record in records]).count(b":") != colons:
            self._is_careful = True
            return self.read(natives, first)
        return records

    def learn(self, native: bytes, record: TuningRecord) -> None:
        """See `QuickReader`."""
        if len(native) > _LONGEST:  # `read` would take none like it, and what is learnt stays
            return
        try:
            line = self._decode(native)
        except _NOT_TAKEN:
            return
        self._learnt += len(native)
        if len(self._known) == _MOST_SUBJECTS or self._learnt > _MOST_LEARNT:
            self._known.clear()
            self._learnt = len(native)
        subject, _, _ = self._parts(line)
        self._known[subject] = Subject(record.target, record.workload, record.tvm_version, self._colons(line))
