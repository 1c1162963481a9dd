"""Reading tuning logs: line by line, so that memory does not grow with their size, and strictly."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.families import Family, Layout, LineReader, LogFile, QuickReader, Read, Unmeasured, native_text
from tvmgitlib.format import schema
from tvmgitlib.library.jobs.files.foreign import BOM, HEAD, not_a_log, refuse_binary
from tvmgitlib.library.jobs.files.opening import (
    blocks_of,
    is_folder,
    line_at,
    lines_at_once,
    lines_of,
    member,
    open_log,
    plain_name,
)
from tvmgitlib.library.jobs.upgrading import Upgrading
from tvmgitlib.model import (
    FamilyName,
    JobError,
    NoRuleError,
    RecordError,
    Source,
    TargetError,
    TuningRecord,
    TvmgitlibError,
    has_too_many_parts,
    read_gaps,
    read_json,
    read_json_with_gaps,
    tell_progress,
)

#: After how many lines progress is told.
_PROGRESS_EVERY: Final = 1000

#: What earlier jobs hold: by size and hash of a file, the byte from which on one of them holds it.
_Starts: TypeAlias = dict[int, dict[str, int]]

#: Records of lines in a row, with the number of the first of these.
Run: TypeAlias = tuple[int, Sequence[TuningRecord]]


class Leniency(Struct, frozen=True):
    """What to do with lines that are not whole or not valid.

    Attributes:
        drop_torn: leave out a last line that was cut off, as a crash leaves it.
        skip_invalid: leave out malformed lines, and such as are for another target than the only one allowed.
    """

    drop_torn: bool = False
    skip_invalid: bool = False


class Remarks(Struct):
    """What is said of the lines of logs beside the records in them.

    Attributes:
        left_out: the lines that were left out, in words.
        unusable: the trials that are taken for failures because their times can be none, in words.
        unmeasured: how many lines hold a config that nobody has measured.
        other_targets: records of targets that were not asked for, by the target's label.
        copies: how many logs repeated another one.
        completed: of how many records the user has said what their targets leave out; None where nothing was said.
        not_completed: records whose targets cannot be what the user says, by the target's label.
    """

    left_out: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    unmeasured: int = 0
    other_targets: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    completed: int | None = None
    not_completed: Counter[str] = field(default_factory=Counter)


class Log(Struct, frozen=True):
    """A log that was looked over: a file, or several in one folder.

    Attributes:
        path: the file of records.
        sources: one a file, with size and SHA-256 of what is whole, in the order of `files`.
        torn: the last lines that were cut off and are left out, in words.
        layout: of several files, which they are; None for a file of lines.
        beside: of several files, those beside the records' that are there.
    """

    path: Path
    sources: tuple[Source, ...]
    torn: tuple[str, ...]
    layout: Layout | None = None
    beside: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files: the records' first."""
        return (self.path, *self.beside)

    def since(self, held: Mapping[str, int]) -> Log:
        """The log from where it counts.

        Args:
            held: how much of it another job holds, in bytes by the name of the source.
        """
        first, *others = self.sources
        return replace(self, sources=(replace(first, start=held.get(first.name, 0)), *others))


def find_log(path: Path) -> tuple[Path, Layout | None]:
    """The record file that a path means, and the layout if the log is several files.

    Raises:
        RecordError: nothing readable is there, or only a part of a log.
    """
    in_folder = is_folder(path)
    folder = path if in_folder else path.parent
    layout = _layout_of(path) if in_folder else families.layout_with(plain_name(path.name))
    if layout is None:
        return path, None
    records = member(folder, layout.records)
    for name, says in layout.beside.items():
        if records.exists() and not member(folder, name).exists():
            raise RecordError(f"{name}, {says}, is missing beside it", file=str(records), hint=layout.hint)
    return records, layout


def layouts_of(folder: Path) -> list[Layout]:
    """The layouts of which a folder holds the file of records."""
    return families.layouts_in({plain_name(file.name) for file in folder.iterdir()})


def _layout_of(folder: Path) -> Layout:
    found = layouts_of(folder)
    if len(found) > 1:
        titles = " and a ".join(layout.title for layout in found)
        raise RecordError(f"one folder with a {titles}", file=str(folder), hint="Move each into a folder of its own.")
    if not found:
        lacking = "; ".join(f"no {layout.title}: {layout.records} is missing" for layout in families.layouts())
        raise RecordError(lacking, file=str(folder))
    return found[0]


def survey(path: Path, leniency: Leniency, known: Iterable[Source] = ()) -> Log:
    """Look a log over without interpreting it: sizes, hashes, and what earlier jobs hold of it already.

    Args:
        path: a log file; or, for a log of several files, their folder (such as a MetaSchedule database).
        leniency: whether a torn last line is left out.
        known: sources of earlier jobs: if the log begins with them, only what follows counts.

    Raises:
        RecordError: the log is missing, empty, or torn.
    """
    records, layout = find_log(path)
    earlier = _starts(known)
    seen = _look_over(records, leniency, earlier)
    if layout is None:
        return Log(records, (Source(plain_name(records.name), seen.size, seen.sha256, seen.start),), seen.torn)
    beside = [member(records.parent, name) for name in layout.beside]
    notes = [file for name in layout.notes if _has_content(file := member(records.parent, name))]
    others = [_look_over(file, leniency, earlier) for file in beside]
    noted = [_look_over(file, Leniency(drop_torn=True), {}) for file in notes]
    # Beside other files, the same records mean something else.
    start = seen.start if all(other.begins_known for other in others) else 0
    folder = records.parent.name
    sources = [Source(f"{folder}/{plain_name(records.name)}", seen.size, seen.sha256, start)]
    for file, other in zip((*beside, *notes), (*others, *noted), strict=True):
        sources.append(Source(f"{folder}/{plain_name(file.name)}", other.size, other.sha256))
    torn = tuple(line for each in (seen, *others) for line in each.torn)
    return Log(records, tuple(sources), torn, layout, (*beside, *notes))


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _starts(sources: Iterable[Source]) -> _Starts:
    found: _Starts = {}
    for source in sources:
        starts = found.setdefault(source.size, {})
        starts[source.sha256] = min(source.start, starts.get(source.sha256, source.start))
    return found


class _Seen(Struct, frozen=True):
    """What a file is, without a last line that was cut off.

    Attributes:
        size, sha256: of what is whole.
        start: from where its records count. Of a file that earlier jobs hold to its end, from where the last of them
            counts: what is imported again is the same job again.
        begins_known: whether an earlier job was made from this file, or from a beginning of it.
        torn: the last line that was cut off, in words.
    """

    size: int
    sha256: str
    start: int
    begins_known: bool
    torn: tuple[str, ...]


class _HeldBefore:
    """How far earlier jobs hold a log without a gap, in bytes from its beginning.

    Attributes:
        begins: whether any of them holds a beginning of it.
    """

    def __init__(self) -> None:
        self.begins = False
        self._covered = self._latest = 0

    def reach(self, start: int | None, end: int) -> None:
        """Take note of a job that holds the log from `start` to `end`; None where none does."""
        if start is None:
            return
        self.begins = True
        if start <= self._covered:  # nothing between what that job holds and what the jobs before it hold
            self._covered, self._latest = end, start

    def new_from(self, size: int) -> int:
        """Where begins what a log of so many bytes brings; of one that is held whole, what the last job brought."""
        return self._latest if self._covered == size else self._covered


def _look_over(path: Path, leniency: Leniency, earlier: _Starts) -> _Seen:
    digest = hashlib.sha256()
    held_before = _HeldBefore()
    size = torn_line = 0
    torn: tuple[str, ...] = ()

    with open_log(path) as file:
        head = file.peek(HEAD)[:HEAD]
        refuse_binary(head, str(path))
        for block in blocks_of(file, path):
            if not (block.endswith(b"\n") or is_whole(block)):  # it is the last one, of one line
                if (why := not_a_log(head)) is not None:
                    raise why.at(file=str(path))
                torn_line = line_at(path, size)
                torn = (f"{path}, line {torn_line}: cut off",)
                break
            done = 0
            for held in sorted(held for held in earlier if size <= held <= size + len(block)):
                at = held - size
                digest.update(block[done:at])
                done = at
                if block[at - 1 : at] == b"\n" or at == len(block):
                    held_before.reach(earlier[held].get(digest.hexdigest()), held)
                if block[at : at + 1] == b"\n":  # a file that ended without a line end has grown one since
                    held_before.reach(earlier[held].get(digest.hexdigest()), held + 1)
            digest.update(block[done:])
            size += len(block)
    if not size and not torn:
        raise RecordError("the file is empty", file=str(path))
    if torn and not leniency.drop_torn:
        raise RecordError(
            "the last line is cut off, as a crash leaves it",
            file=str(path),
            line=torn_line,
            hint="--drop-torn imports the rest without it.",
        )
    return _Seen(size, digest.hexdigest(), held_before.new_from(size), held_before.begins, torn)


def read_log(
    log: Log,
    leniency: Leniency,
    remarks: Remarks,
    family: FamilyName | None = None,
    upgrading: Upgrading | None = None,
) -> Iterator[tuple[int, TuningRecord]]:
    """The records of a log that was surveyed, each with the number of its line; as `read_runs`."""
    for first, records in read_runs(log, leniency, remarks, family, upgrading):
        yield from enumerate(records, start=first)


def read_runs(
    log: Log,
    leniency: Leniency,
    remarks: Remarks,
    family: FamilyName | None = None,
    upgrading: Upgrading | None = None,
) -> Iterator[Run]:
    """The records of a log that was surveyed, from where they count, as many at a time as are read at once.

    Args:
        log: the log.
        leniency: what to do with malformed lines.
        remarks: is told of the malformed lines that were left out, and of configs that nobody has measured.
        family: the only family allowed, when the user named one.
        upgrading: upgrades lines of older formats, and counts those that it has no rule for, which are left out; None
            to refuse them all.

    Raises:
        TvmgitlibError: naming file, line and field of what is malformed.
    """
    source = log.sources[0]
    reader = RecordReader.of(log, family, upgrading)

    def strictly(native: bytes, number: int) -> TuningRecord | None:
        try:
            found = reader.strictly(native)
        except TvmgitlibError as error:
            error.at(file=str(log.path), line=number)
            if not (leniency.skip_invalid or isinstance(error, NoRuleError)):
                raise
            remarks.left_out.append(first_line(error))
            return None
        if isinstance(found, Unmeasured):
            remarks.unmeasured += 1
            return None
        return found

    at = said = 0
    with open_log(log.path) as file:
        for before, lines in lines_at_once(file, log.path):
            ends = list(accumulate(map(len, lines), initial=at))
            held, whole = (bisect_right(ends, end, lo=1) - 1 for end in (source.start, source.size))
            for line in lines[:held]:
                reader.pass_over(line.strip())
            natives = list(map(bytes.strip, lines[:whole]))
            done = held
            while done < whole:
                if records := reader.quick(natives, done):
                    yield before + done + 1, records
                    done += len(records)
                if done < whole:
                    done += 1
                    if (record := strictly(natives[done - 1], before + done)) is not None:
                        yield before + done, (record,)
            at = ends[-1]
            if at > source.size:
                break  # cut off, or written since
            if before + done - said >= _PROGRESS_EVERY:
                said = before + done
                _tell_read(log.path, said, at / source.size)


def _tell_read(path: Path, lines: int, part: float) -> None:
    tell_progress(f"reading {path}", f"{path.name}: {lines:,} lines read ({int(100 * part)}%)", part)


def first_line(error: TvmgitlibError) -> str:
    """What an error says, without what to do about it."""
    return str(error).splitlines()[0]


@contextmanager
def way_out(hint: str) -> Iterator[None]:
    """Say of what is malformed how to go on without it, beside what else can be done about it."""
    try:
        yield
    except (JobError, RecordError, TargetError) as error:
        error.hint = f"{error.hint}\n{hint}" if error.hint else hint
        raise


class RecordReader:
    """Reads the lines of a log, each by the family that it belongs to.

    Args:
        layout: the log's layout; None for a file of lines.
        beside: the files beside that of the records, by name.
        only: the only family allowed; None for any.
        path: the file of the records; None where the lines are of none.
        upgrading: see `read_log`.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        beside: Mapping[str, LogFile] = MappingProxyType({}),
        only: FamilyName | None = None,
        path: Path | None = None,
        upgrading: Upgrading | None = None,
    ) -> None:
        self._layout = layout
        self._beside = beside
        self._path = path
        self._is_begun = False
        self._only = only
        self._upgrading = upgrading
        self._readers: dict[str, tuple[LineReader, QuickReader | None]] = {}
        #: Reads what the quick reader of the family takes whose line was read last.
        self.quick: Callable[[Sequence[bytes], int], list[TuningRecord]] = _takes_none
        if layout is not None:  # what is wrong with the other files is said before any line is read
            for family in families.every():
                if family.layout is layout:
                    self._readers_of(family)
                    break

    @classmethod
    def of(cls, log: Log, only: FamilyName | None, upgrading: Upgrading | None = None) -> RecordReader:
        """The reader of a log that was surveyed."""
        sizes = [source.size for source in log.sources[1:]]
        beside = {plain_name(file.name): _Lines(file, size) for file, size in zip(log.beside, sizes, strict=True)}
        return cls(log.layout, beside, only, log.path, upgrading)

    def read(self, line: bytes) -> TuningRecord | Unmeasured | None:
        """One record; None for a comment, an empty line, and what is no trial."""
        records = self.quick((line,), 0)
        return records[0] if records else self.strictly(line)

    def strictly(self, line: bytes) -> TuningRecord | Unmeasured | None:
        """The same by the schema and the family's rules, whether or not a quick reader would take the line."""
        if not self._is_begun:
            line = line.removeprefix(BOM)
        if not line or (line.startswith(b"#") and self._layout is None):
            return None
        document, has_gaps = self._parsed(line)
        text = line
        native = native_text(line, document)  # of a line of some library's configs/
        if native is not None:
            line, document = native, read_json(native)
        if self._upgrading is not None:
            line, document = self._upgrading.today(line, document)
        family = families.family_of(line, document)
        if self._only is not None and family.name != self._only:
            raise RecordError(f"a record of {family.name}, and --family says {self._only}")
        schema.check_record(document, family)
        self._is_begun = True
        reader, quick = self._readers_of(family)
        found = reader(read_gaps(line) if has_gaps else document, line)
        if has_gaps and isinstance(found, TuningRecord) and found.error is None:  # no reader has to take such a line
            return found._replace(error="unknown", unusable="a number that is none")
        if quick is None or self._upgrading is not None:
            self.quick = _takes_none
        else:
            self.quick = quick.read  # the lines of a log are mostly of one family
            if isinstance(found, TuningRecord) and line is text and not has_gaps:
                quick.learn(line, found)
        return found

    def pass_over(self, line: bytes) -> None:
        """Take note of a line that an earlier job holds: in a log of several files, lines may bear on those below."""
        if self._layout is not None:
            with suppress(TvmgitlibError):
                self.read(line)

    def _parsed(self, line: bytes) -> tuple[Any, bool]:
        try:
            return read_json_with_gaps(line)
        except RecordError as error:
            if has_too_many_parts(line):
                raise
            raise families.refusal(line) or (None if self._is_begun else self._foreign()) or error from None

    def _foreign(self) -> RecordError | None:
        """Why the whole file is no log, where it is none."""
        if self._path is None:
            return None
        with open_log(self._path) as file:
            return not_a_log(file.read(HEAD))

    def _readers_of(self, family: Family) -> tuple[LineReader, QuickReader | None]:
        found = self._readers.get(family.name)
        if found is None:
            reader = family.reader(self._beside if family.layout is self._layout else {})
            found = self._readers[family.name] = (reader, family.quick_reader(reader))
        return found


def _takes_none(_: Sequence[bytes], __: int) -> list[TuningRecord]:
    """What reads lines quickly where nothing does."""
    return []


class _Lines(Struct, frozen=True):
    """See `LogFile`: a file as far as it was whole when the log was surveyed."""

    path: Path
    size: int

    def each(self, read: Callable[[bytes], Read]) -> list[Read]:
        found = []
        at = 0
        with open_log(self.path) as file:
            for number, line in lines_of(file, self.path):
                at += len(line)
                if at > self.size:
                    break
                try:
                    found.append(read(line.strip()))
                except TvmgitlibError as error:
                    raise error.at(file=str(self.path), line=number) from None
        return found


def is_whole(line: bytes) -> bool:
    """Whether a last line without a line end is complete all the same."""
    if not line.strip() or line.lstrip().startswith(b"#"):
        return True
    if has_too_many_parts(line):
        return True  # as far as one can tell: who reads it says why it is not read
    try:
        read_json_with_gaps(line.strip())
    except RecordError:
        return False
    return True
