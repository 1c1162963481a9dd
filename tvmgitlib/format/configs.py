"""Files of configs/: `configs/<target>/<platform>/<family>.jsonl`, the best records of a place."""

from __future__ import annotations

from collections.abc import Sequence

from tvmgitlib.errors import LibraryError, TvmgitlibError
from tvmgitlib.families import FAMILIES
from tvmgitlib.format.lines import lines_of
from tvmgitlib.format.segment import read_stored
from tvmgitlib.model.place import ConfigsFile
from tvmgitlib.model.segment import StoredRecord


def ranked_lines(records: Sequence[StoredRecord]) -> bytes:
    """The text of a file of configs/: one record a line, final newline."""
    return b"".join(stored.line + b"\n" for stored in records)


def read_configs(content: bytes, path: str) -> list[StoredRecord]:
    """Read a file of configs/.

    Raises:
        TvmgitlibError: naming file and line.
    """
    file = ConfigsFile.at(path)
    if file is None or file.family not in FAMILIES:
        raise LibraryError("no file of configs/: they are <target>/<platform>/<family>.jsonl", file=path)
    records = []
    for number, line in enumerate(lines_of(content), start=1):
        try:
            records.append(read_stored(line, file.family, file.platform))
        except TvmgitlibError as error:
            raise error.at(file=path, line=number) from None
    return records
