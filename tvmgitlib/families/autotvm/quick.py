"""The lines that nearly all of an AutoTVM log are."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import msgspec

from tvmgitlib.families.quick import Integer, QuickLines, Result, Value


class _Config(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    index: Integer | None
    code_hash: str | None
    entity: list[tuple[str, Literal["sp", "ot", "re", "an"], Value]]


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    input: msgspec.Raw
    config: _Config
    result: Result
    version: float | str | None | msgspec.UnsetType = msgspec.UNSET
    tvm_version: str | None | msgspec.UnsetType = msgspec.UNSET


def _parts(line: _Line) -> tuple[Hashable, object, Result]:
    return (bytes(line.input), line.version, line.tvm_version), line.config.entity, line.result


def _colons(line: _Line) -> int:
    always, given = 6, (line.version is not msgspec.UNSET) + (line.tvm_version is not msgspec.UNSET)
    return bytes(line.input).count(b":") + always + given


def quick_lines(family: str, failed: float) -> QuickLines[_Line]:
    """See `QuickLines`."""
    return QuickLines(family, failed, msgspec.json.Decoder(_Line).decode, _parts, _colons)
