"""Files of lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tvmgitlib.model import RecordError

#: A log's lines are no longer (bytes).
MAX_LINE: Final = 16 * 1024 * 1024

#: Nor are the library's own, in which one of a log's stands beside what the library says of it.
MAX_OWN_LINE: Final = 2 * MAX_LINE

#: No file of the library has more.
MOST_LINES: Final = 1 << 20


def lines_of(content: bytes, file: str) -> Iterator[bytes]:
    """The lines of a file: split at line feeds only, for JSON allows a carriage return inside a line.

    Args:
        content: what is in it.
        file: its name, for messages.

    Raises:
        RecordError: there are more, or, in its place, a longer one, than in any library.
    """
    if content.count(b"\n") > MOST_LINES:
        raise RecordError(f"more than {MOST_LINES:,} lines, so it is not read", file=file)
    if len(content) <= MAX_LINE:
        return iter(content.removesuffix(b"\n").split(b"\n") if content else ())
    return _one_by_one(content, file)


def _one_by_one(content: bytes, file: str) -> Iterator[bytes]:
    """The lines of a large file, never all of it twice."""
    number = start = 0
    while start < len(content):
        number += 1
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        if end - start > MAX_OWN_LINE:
            raise too_long(MAX_OWN_LINE, file, number)
        yield content[start:end]
        start = end + 1


def too_long(most: int, file: str, number: int) -> RecordError:
    """The error for a line of more than so many bytes."""
    return RecordError(f"longer than {most // 2**20} MiB, so it is not read", file=file, line=number)
