"""What a tuner family is: everything that the library has to know of one kind of records.

A package of its own can add a family: CONTRIBUTING.md has the recipe. Such a family inherits from `Family`, and from
`Spliced` or `Enveloped`, for the defaults: what is added to `Family` later has one too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from tvmgitlib.model import RecordError

if TYPE_CHECKING:
    from tvmgitlib.model import Call, Decisions, Json, StoredRecord, Target, TuningRecord, TvmVersion, Workload

Read = TypeVar("Read")


class Unmeasured(Enum):
    """What a line is that holds a config nobody has measured: no trial, and no failure."""

    UNMEASURED = "unmeasured"


#: Reads a line of a log, parsed and as it is; None for a line that is no trial (a heading, a config that is begun).
LineReader: TypeAlias = "Callable[[Any, bytes], TuningRecord | Unmeasured | None]"


class QuickReader(Protocol):
    """Reads the lines that nearly all of a log are, in a fraction of the time that a `LineReader` takes.

    It never decides what is valid: a line that it does not take at once goes through the schema and to the
    `LineReader`, which says what is wrong with it. What it takes, those two take as well, as the very same record.
    """

    def read(self, natives: Sequence[bytes], first: int = 0) -> list[TuningRecord]:
        """The records of lines in a row, up to the first line that is not taken at once.

        Args:
            natives: the lines.
            first: from which one on.
        """
        ...

    def learn(self, native: bytes, record: TuningRecord) -> None:
        """Take note of what a line looks like whose record is for a target and a workload not seen before."""
        ...


#: What an export writes: the lines of one file; or those of several in one folder, by name. Of these the last is the
#: one that a reader opens first: it is written when the others are there.
ExportedFiles: TypeAlias = "list[bytes] | dict[str, list[bytes]]"


class Layout(Struct, frozen=True):
    """Several files in one folder that make one log.

    Attributes:
        title: what people call such a log, such as `MetaSchedule database`.
        records: the name of the file whose lines are the records.
        beside: the other files, by name, each with what it says: without them the records mean nothing.
        notes: files that may be there too: a last line that a kill cut off is left out of them.
        hint: what to do when one is missing.
    """

    title: str
    records: str
    beside: Mapping[str, str]
    notes: tuple[str, ...] = ()
    hint: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files, the records' first."""
        return (self.records, *self.beside, *self.notes)


class LogFile(Protocol):
    """A file of a log beside that of its records."""

    def each(self, read: Callable[[bytes], Read]) -> list[Read]:
        """What `read` makes of every line, without its line end; errors that it raises get file and line."""
        ...


class Family(Protocol):
    """A generation of tuners: what their logs look like, and who can use what they found.

    A family turns bytes into values and never changes a byte of them. It opens no files and imports no TVM. What is
    wrong with a line, it says as a `RecordError`.

    Attributes:
        name: what the family is called on the command line, in segments and as the name of its files in configs/: at
            most 64 of the characters a-z 0-9 _ -, the first a letter. It never changes.
        title: what people call it, such as `AutoTVM`.
        layout: where one log is several files in a folder, which; None for families that log into one file of lines.
        keeps_module: whether its records do not carry what they tune, so that a job keeps that beside them
            (`Workload.module`).
    """

    name: str
    title: str
    layout: Layout | None = None
    keeps_module: bool = False

    def schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of one record as the tuner writes it. What it refuses is never interpreted."""
        ...

    def claims(self, document: Any) -> bool:
        """Whether a parsed line is this family's, by its form alone: no other family's line may look like it."""
        ...

    def refusal(self, line: bytes, document: Any | None) -> RecordError | None:
        """Why a line that no family claims cannot be read, where it is nearly this family's: an older format, say.

        Args:
            line: the line.
            document: what it says; None where it is no JSON.
        """
        return None

    def upgraded(self, document: Any) -> bytes | None:
        """A line of an older format of this family as one that it reads; None for a line that is none.

        Args:
            document: the parsed line.

        Raises:
            NoRuleError: it is one, and nothing says what it would be today.
            RecordError: it is malformed.
        """
        return None

    def record(self, document: Any, native: bytes, workload: Workload | None = None) -> TuningRecord:
        """Interpret one line that the schema has found valid.

        Args:
            document: the parsed line.
            native: the line's own text.
            workload: what it tunes, where the line does not say (`keeps_module`).

        Raises:
            RecordError: for what a schema cannot tell.
            TargetError: when the target does not parse.
        """
        ...

    def tunes(self, document: Any) -> Workload | None:
        """What `record` says that a line tunes; None where that is known only with the rest of the record.

        Args:
            document: the parsed line, which the schema has found valid.
        """
        return None

    def reader(self, beside: Mapping[str, LogFile]) -> LineReader:
        """What reads the lines of one log, in their order.

        Args:
            beside: the files beside the records of the `layout`, by name; none where a line stands in a log of another
                form.
        """
        return self.record

    def quick_reader(self, reader: LineReader) -> QuickReader | None:
        """What reads most lines of the same log faster; None where nothing does.

        Families of this package without `keeps_module` are asked for records that a library keeps, too: one for all
        that nobody has proven, of whatever jobs, as if their lines were one log.

        Args:
            reader: the log's own, with which it shares what it counts; for such records, `reader({})`.
        """
        return None

    def wrap(self, native: bytes, bag: bytes) -> bytes:
        """The library's line: the native text, byte for byte, with the bag (a JSON object) beside it."""
        ...

    def rewritten(self, record: TuningRecord) -> Mapping[str, str] | None:
        """How a record's target is written in its line, where its own text would keep stock TVM from loading the file.

        Returns:
            The text that is `given` and the one that is `written`; None for a line that holds the native text as it is.
        """
        return None

    def unwrap(self, line: bytes) -> tuple[bytes, bytes | None]:
        """The native text of a line, and its bag where it has one."""
        ...

    def target_of(self, document: Any) -> Any:
        """The target of a parsed record, as its tuner wrote it: text, or a dict."""
        raise RecordError(f"nobody knows where records of {self.title} say their target")

    def with_target(self, native: bytes, attributes: Mapping[str, object]) -> bytes:
        """The text of a record with its target written in another way that means the same code.

        Args:
            native: the text.
            attributes: what is written of the target, by name.
        """
        return native

    def label(self, workload: Workload) -> str:
        """A workload in words, for people."""
        return workload.label

    def call(self, workload: Workload) -> Call | None:
        """A workload as an operator and its arguments; None where it says neither, or its configs mean nothing to
        others.
        """
        return None

    def decisions(self, document: Any) -> Decisions | None:
        """What a parsed record decided; None where that cannot be told. A family without it has no histories."""
        return None

    def schedule(self, decisions: Decisions) -> Json:
        """Undo `decisions`: the schedule as the tuner logs it, without what is only done after; None where that takes
        more than the decisions say.
        """
        return None

    def workload_of(self, module: bytes) -> Workload:
        """The workload that a module on record is (`keeps_module`).

        Raises:
            RecordError: it is malformed.
        """
        raise RecordError(f"records of {self.title} say themselves what they tune: no module goes with them")

    def tvm_of_name(self, workload: Workload) -> str | None:
        """The minor version of the TVM that named a workload, where names depend on it and say so."""
        return None

    def tuned_with(self, said: TvmVersion, named: TvmVersion) -> TvmVersion:
        """The TVM that a record was tuned with, where the user names one.

        Args:
            said: what the log says; of unknown version where it says nothing.
            named: what the user says.

        Raises:
            RecordError: both cannot be true.
        """
        return named

    def unreadable(self, tuned_with: TvmVersion, current: TvmVersion) -> str | None:
        """Why a TVM cannot use a record at all, whatever the policy says, and what to do; None where it can.

        Args:
            tuned_with: the TVM that the record was tuned with.
            current: the TVM that would use it.
        """
        return None

    def known_by(self, target: Target) -> frozenset[str]:
        """What stock TVM knows a target by where it loads an export: with one of these in common, it hands records of
        one target to another. None at all where it tells targets apart.
        """
        return frozenset()

    def export(self, records: Sequence[StoredRecord]) -> ExportedFiles:
        """Records, one at least, as the files that stock TVM loads; workloads have their modules (`keeps_module`).

        Raises:
            SelectionError: no TVM could load them together.
        """
        return [stored.record.native for stored in records]
