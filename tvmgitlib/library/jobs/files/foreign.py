"""What people import by mistake, named for what it is: no parser's message says that a file is no log at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tvmgitlib.model import RecordError

#: How much of a file it takes to see what it is (bytes).
HEAD: Final = 4096

_THE_LOG = (
    "The log is the file that autotvm.callback.log_to_file or auto_scheduler.RecordToFile wrote; of MetaSchedule, its "
    "work_dir."
)

_UNPACK = "Unpack it, and import the logs in it: a folder of logs is taken too."


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


#: What some programs write before text in UTF-8.
BOM: Final = b"\xef\xbb\xbf"

#: Files that are no text: how to know them, what they are, and what to do.
_BINARY: Final[tuple[tuple[Callable[[bytes], bool], str, str], ...]] = (
    (
        lambda head: head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:2] in (b"{\0", b"[\0", b"\0{", b"\0["),
        "text in UTF-16 or UTF-32, as Windows' PowerShell writes it, and logs are UTF-8",
        "Convert it: iconv -f UTF-16 -t UTF-8 FILE.",
    ),
    (lambda head: head[257:262] == b"ustar", "a tar archive", _UNPACK),
    (
        _starts(b"PK\x03\x04", b"PK\x05\x06"),
        "a zip archive",
        _UNPACK,
    ),
    (_starts(b"7z\xbc\xaf\x27\x1c"), "a 7z archive", _UNPACK),
    (_starts(b"Rar!\x1a\x07"), "a rar archive", _UNPACK),
    (_starts(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"), "compressed twice", "Unpack it once."),
    (
        _starts(b"\x28\xb5\x2f\xfd"),
        "compressed with zstd",
        "Unpack it (unzstd); gzip, bzip2 and xz are read as they are.",
    ),
    (
        _starts(b"\x04\x22\x4d\x18"),
        "compressed with lz4",
        "Unpack it (unlz4); gzip, bzip2 and xz are read as they are.",
    ),
    (
        lambda head: head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"),
        "a Python pickle; unpickling runs code from the file, so it is never read",
        _THE_LOG,
    ),
    (_starts(b"\x7fELF", b"MZ"), "a program or library", _THE_LOG),
    (_starts(b"SQLite format 3\0"), "an SQLite database", _THE_LOG),
    (lambda head: b"\0" in head.partition(b"\n")[0], "no text", _THE_LOG),
)

#: Lines that tuners print while they run.
_CONSOLE = (
    rb"\[Task\s+\d+/\s*\d+\]|Current/Best:|GFLOPS|Get devices for measurement|"
    rb"best runtime|No: \d+\t|(?:INFO|DEBUG|WARNING|ERROR)[: ]\s*\w|\[(?:INFO|DEBUG|WARNING|ERROR)\]|"
    rb"-{10,}|={10,}|\[ Search \]|Generate Sketches|Compile/Run|Trials:|Extract(?:ing)? tasks|[Tt]uning\b|"
    rb"\[\d\d:\d\d:\d\d\] |Traceback \(most recent call last\)|UserWarning"
)

_SEPARATORS = (b",", b"\t", b";")


def refuse_binary(head: bytes, path: str) -> None:
    """Refuse a file that is no text, by its first bytes.

    Raises:
        RecordError: it is none.
    """
    for is_such, what, hint in _BINARY:
        if is_such(head):
            raise RecordError(f"no tuning log: {what}", file=path, hint=hint)


def not_a_log(head: bytes) -> RecordError | None:
    """What text is that begins with a line that no tuner writes into a log; None where that line may be one of a log.

    Args:
        head: the beginning of the file.
    """
    lines = [line.strip() for line in head.removeprefix(BOM).splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith(b"#")), b"")
    if not first or first.startswith((b'{"', b'["', b"[0")):
        return None
    what, hint = _text(first, lines)
    return RecordError(f"no tuning log: {what}", hint=hint)


def _text(first: bytes, lines: list[bytes]) -> tuple[str, str]:
    if first in (b"{", b"["):
        return "JSON that is spread over several lines", "A log has one record a line: jq -c . FILE writes them so."
    if first.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS: the file itself is not here", "Fetch it: git lfs pull."
    if first.startswith(b"<"):
        return "a page in HTML or XML", "Download the file itself (of GitHub: its raw form)."
    if any(re.search(_CONSOLE, line) for line in lines):
        return "what a tuner printed while it ran (its console output)", _THE_LOG
    for separator in _SEPARATORS:
        cells = first.count(separator)
        if cells and all(line.count(separator) >= cells for line in lines[:-1][:5]):
            return "a table (CSV)", _THE_LOG
    return "text that is not JSON", _THE_LOG
