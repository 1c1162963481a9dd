"""What is wrong with a library."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict


class Problem(Struct, frozen=True):
    """Something that `check` found.

    Attributes:
        file: the file, below the library's root.
        line: the line, from 1; None when it is about the file as a whole.
        message: what is wrong.
        commit: the commit in which it was found; None for the work tree.
    """

    file: str
    line: int | None
    message: str
    commit: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line is not None else self.file
        return f"{place}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
