"""Files of configs/: `configs/<target>/<platform>/<family>.jsonl`, the best records of a place."""

from __future__ import annotations

from collections.abc import Sequence

from tvmgitlib import families
from tvmgitlib.errors import FamilyError, LibraryError, TvmgitlibError
from tvmgitlib.format.lines import lines_of
from tvmgitlib.format.segment import read_stored
from tvmgitlib.model.segment import StoredRecord
from tvmgitlib.model.workload import is_family_name


def ranked_lines(records: Sequence[StoredRecord]) -> bytes:
    """The text of a file of configs/: one record a line, final newline."""
    return b"".join(stored.line + b"\n" for stored in records)


def family_of(path: str) -> str:
    """The name of the family whose records a file of configs/ holds, whether or not it is installed.

    Raises:
        LibraryError: there is no such file of configs/.
    """
    family, _, suffix = path.rpartition("/")[2].partition(".")
    if not is_family_name(family) or suffix != "jsonl" or path.count("/") != 3:
        raise LibraryError("no file of configs/: they are <target>/<platform>/<family>.jsonl", file=path)
    return family


def read_configs(content: bytes, path: str) -> list[StoredRecord]:
    """Read a file of configs/.

    Raises:
        FamilyError: its family is not installed.
        TvmgitlibError: naming file and line.
    """
    try:
        family = families.family(family_of(path))
    except FamilyError as error:
        raise error.at(file=path) from None
    records = []
    for number, line in enumerate(lines_of(content), start=1):
        try:
            records.append(read_stored(line, family))
        except TvmgitlibError as error:
            raise error.at(file=path, line=number) from None
    return records
