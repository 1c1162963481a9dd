from __future__ import annotations

import pytest

from tvmgitlib.format import lines_of


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
    assert lines_of(content) == lines
