"""Files of configs/: `configs/<target>/<platform>/<family>.jsonl`, the best records of a place."""

from __future__ import annotations

from collections.abc import Sequence

from tvmgitlib import families
from tvmgitlib.errors import FamilyError, LibraryError, TvmgitlibError
from tvmgitlib.format.lines import lines_of
from tvmgitlib.format.stored import read_stored
from tvmgitlib.model import ConfigsFile, StoredRecord


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
