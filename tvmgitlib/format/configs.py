"""Files of configs/: `configs/<target>/<platform>/<family>.jsonl`, the best records of a place, sorted by workload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import orjson

from tvmgitlib import families
from tvmgitlib.format.lines import MAX_LINE, MAX_OWN_LINE, lines_of, too_long
from tvmgitlib.format.stored import read_stored, workload_in
from tvmgitlib.model import ConfigsFile, FamilyError, LibraryError, TvmgitlibError

if TYPE_CHECKING:
    from tvmgitlib.model import StoredRecord, Workload

#: How a line ends whose bag names its workload last, as most do: what it names stands between.
_NAMED: Final = b'"workload":"'
_END: Final = b'"}}'
_NAME: Final = 16

#: So many workloads are searched for; for more it pays to go through all lines once, and see what each is of.
_FEW: Final = 4


def ranked_lines(records: Sequence[StoredRecord]) -> bytes:
    """The text of a file of configs/: one record a line, final newline."""
    return b"".join(stored.line + b"\n" for stored in records)


def configs_file(path: str) -> ConfigsFile:
    """What stands in such a file, whether or not its family is installed.

    Raises:
        LibraryError: it is no path of a file of configs/.
    """
    file = ConfigsFile.at(path)
    if file is None:
        raise LibraryError("no file of configs/: they are <target>/<platform>/<family>.jsonl", file=path)
    return file


def read_configs(content: bytes, path: str, *, proven: bool = False) -> list[StoredRecord]:
    """Read a file of configs/.

    Args:
        content: the file.
        path: where it is below the library's root.
        proven: whether it is known to be what jobs fold to: its records were checked where they came from.

    Raises:
        FamilyError: its family is not installed.
        TvmgitlibError: naming file and line.
    """
    file = configs_file(path)
    try:
        family = families.family(file.family)
    except FamilyError as error:
        raise error.at(file=path) from None
    records = []
    for number, line in enumerate(lines_of(content, path), start=1):
        try:
            records.append(read_stored(line, family, file.platform, proven))
        except TvmgitlibError as error:
            raise error.at(file=path, line=number) from None
    return records


class RecordsFile:
    """A file of configs/, in the order that a fold gives it: only those lines are read that a question is about.

    Args:
        content: the file.
        path: where it is below the library's root.
        proven: as `read_configs` takes it.

    Raises:
        LibraryError: it is no path of a file of configs/.
        FamilyError: its family is not installed.
        TvmgitlibError: from every question, naming file and line, when a line that has to be read is malformed.
    """

    def __init__(self, content: bytes, path: str, *, proven: bool = False) -> None:
        self._content = content
        self._path = path
        self._proven = proven
        file = configs_file(path)
        self._platform = file.platform
        try:
            self._family = families.family(file.family)
        except FamilyError as error:
            raise error.at(file=path) from None
        self._read: dict[int, StoredRecord] = {}
        self._asked = 0

    def of(self, workload: Workload) -> list[StoredRecord]:
        """The records of a workload: of the others none is read, or as many as the logarithm of their number."""
        self._asked += 1
        if self._asked > _FEW and self._named is not None:
            records = map(self._at, self._named.get(workload.id, ()))
            return [stored for stored in records if stored.record.workload.text == workload.text]
        found = []
        at = self._first(workload.text)
        while at < len(self._content) and self._workload(at).text == workload.text:
            found.append(self._at(at))
            at = self._end(at) + 1
        return found

    def where(self, wanted: Callable[[Workload], bool]) -> list[StoredRecord]:
        """The records of the workloads that are wanted: of the others one line each is read.

        Args:
            wanted: whether a workload is.
        """
        answers: dict[str, bool] = {}
        found = []
        for at, end in self._spans():
            name = self._name(at, end)
            known = answers.get(name) if name is not None else None
            if known is None:
                workload = self._workload(at)
                known = answers[workload.id] = wanted(workload)
            if known:
                found.append(self._at(at))
        return found

    def _workload(self, at: int) -> Workload:
        """The workload of a line, of which the rest is not looked at where it is known to be right."""
        known = workload_in(self._line(at), self._family) if self._proven and at not in self._read else None
        return known if known is not None else self._at(at).record.workload

    @cached_property
    def _named(self) -> Mapping[str, Sequence[int]] | None:
        """Where the lines of each workload begin, by its id; None where that is not known without reading them.

        What a line says that it is of is believed where it is proven. Of a very long file this would take much memory.
        """
        if not self._proven or len(self._content) > MAX_LINE:
            return None
        found = defaultdict[str, list[int]](list)
        for at, end in self._spans():
            name = self._name(at, end)
            if name is None:
                return None
            found[name].append(at)
        return found

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Where each line begins and ends."""
        at = 0
        while at < len(self._content):
            end = self._end(at)
            yield at, end
            at = end + 1

    def _end(self, at: int) -> int:
        """Where the line ends that begins there."""
        end = self._content.find(b"\n", at)
        return len(self._content) if end < 0 else end

    def _first(self, text: str) -> int:
        """Where the first line begins whose workload is not before this one."""
        low, high = 0, len(self._content)
        while low < high:
            middle = max(low, self._content.rfind(b"\n", low, (low + high) // 2) + 1)
            if self._workload(middle).text < text:
                low = self._end(middle) + 1
            else:
                high = middle
        return low

    def _at(self, at: int) -> StoredRecord:
        known = self._read.get(at)
        if known is None:
            try:
                known = read_stored(self._line(at), self._family, self._platform, self._proven)
            except TvmgitlibError as error:
                raise error.at(file=self._path, line=self._number(at)) from None
            self._read[at] = known
        return known

    def _line(self, at: int) -> bytes:
        end = self._end(at)
        if end - at > MAX_OWN_LINE:
            raise too_long(MAX_OWN_LINE, self._path, self._number(at))
        return self._content[at:end]

    def _number(self, at: int) -> int:
        """Which line begins there, from 1."""
        return self._content.count(b"\n", 0, at) + 1

    def _name(self, at: int, end: int) -> str | None:
        """The id of the workload that a line says it is of; None where it has to be read to know."""
        begin = end - len(_END) - _NAME
        ends_so = self._content.endswith(_NAMED, at, begin) and self._content.endswith(_END, begin, end)
        if self._proven and ends_so:
            return self._content[begin : begin + _NAME].decode(errors="replace")
        _, bag = self._family.unwrap(self._line(at))
        try:
            match orjson.loads(bag or b"null"):
                case {"workload": str(name)}:
                    return name
        except orjson.JSONDecodeError:
            pass
        return None
