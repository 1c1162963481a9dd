"""The lines that nearly all of an Ansor log are."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated

import msgspec

from tvmgitlib.families.quick import QuickLines, Result, Value

_Step = Annotated[list[Value], msgspec.Meta(min_length=1)]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    i: tuple[msgspec.Raw, tuple[list[Value], list[_Step]]]
    r: Result
    v: str | msgspec.UnsetType = msgspec.UNSET


def _parts(line: _Line) -> tuple[Hashable, object, Result]:
    task, (_, steps) = line.i
    return (bytes(task), line.v is msgspec.UNSET), steps, line.r


def _colons(line: _Line) -> int:
    always, given = 2, line.v is not msgspec.UNSET
    return bytes(line.i[0]).count(b":") + always + given


def quick_lines(family: str, failed: float) -> QuickLines[_Line]:
    """See `QuickLines`."""
    return QuickLines(family, failed, msgspec.json.Decoder(_Line).decode, _parts, _colons)
