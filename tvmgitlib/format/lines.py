"""Files of lines."""

from __future__ import annotations


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file: split at line feeds only, for JSON allows a carriage return inside a line."""
    return content.removesuffix(b"\n").split(b"\n") if content else []
