"""Files of configs/: `configs/<target>/<platform>/<family>.jsonl`, the best records of a place."""

from __future__ import annotations

from collections.abc import Sequence

from tvmgitlib.errors import LibraryError, TvmgitlibError
from tvmgitlib.families import FAMILIES
from tvmgitlib.format.lines import lines_of
from tvmgitlib.format.segment import read_stored
from tvmgitlib.model.segment import StoredRecord


def ranked_lines(records: Sequence[StoredRecord]) -> bytes:
    """The text of a file of configs/: one record a line, final newline."""
    return b"".join(stored.line + b"\n" for stored in records)


def read_configs(content: bytes, path: str) -> list[StoredRecord]:
    """Read a file of configs/.

    Raises:
        TvmgitlibError: naming file and line.
    """
    family, _, suffix = path.rpartition("/")[2].partition(".")
    if family not in FAMILIES or suffix != "jsonl" or path.count("/") != 3:
        raise LibraryError("no file of configs/: they are <target>/<platform>/<family>.jsonl", file=path)
    records = []
    for number, line in enumerate(lines_of(content), start=1):
        try:
            records.append(read_stored(line, family))
        except TvmgitlibError as error:
            raise error.at(file=path, line=number) from None
    return records
