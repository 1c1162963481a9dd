from __future__ import annotations

import pytest

from tvmgitlib.format.lines import MAX_LINE, MAX_OWN_LINE, MOST_LINES, lines_of
from tvmgitlib.model import RecordError


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\n\nb", [b"a\r", b"", b"b"]),
        (b"a\x0bb\x0cc\x85d\n", [b"a\x0bb\x0cc\x85d"]),
    ],
)
def test_lines_end_with_line_feeds_only(content: bytes, lines: list[bytes]) -> None:
    assert list(lines_of(content, "x.jsonl")) == lines


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_a_large_file_has_the_same_lines(end: bytes) -> None:
    line = b"x" * (MAX_LINE // 2)
    content = b"\n".join([line, b"", line, b"y"]) + end
    assert list(lines_of(content, "x.jsonl")) == content.removesuffix(b"\n").split(b"\n")


def test_too_many_lines_and_too_long_ones_are_refused_by_name() -> None:
    with pytest.raises(RecordError, match=r"x\.jsonl: more than 1,048,576 lines"):
        lines_of(b"\n" * (MOST_LINES + 1), "x.jsonl")
    with pytest.raises(RecordError, match=r"x\.jsonl, line 2: longer than 32 MiB"):
        list(lines_of(b"a\n" + b"x" * (MAX_OWN_LINE + 1), "x.jsonl"))
