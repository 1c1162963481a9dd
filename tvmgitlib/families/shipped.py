"""What the families of this package have in common: their schemas, and how long TVM had them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from tvmgitlib.model import TvmVersion

if TYPE_CHECKING:
    from importlib.abc import Traversable

#: AutoTVM and Ansor left TVM after 0.19.
_LAST_WITH_AUTOTVM = (0, 19)


def schema_folder() -> Traversable:
    """The folder of the schemas: inside an installed package, beside it in a checkout."""
    inside = resources.files("tvmgitlib") / "schema" / "v1"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "schema" / "v1"


def shipped_schema(name: str) -> dict[str, Any]:
    """The schema called `name` in that folder."""
    document: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_text(encoding="utf-8"))
    return document


def left_tvm(module: str, current: TvmVersion) -> str | None:
    """Why a TVM cannot use records of a tuner that is no longer in it; None where it still is."""
    release = _release(current.version)
    if release is not None and release[:2] > _LAST_WITH_AUTOTVM:
        return f"{current} has no {module}, which left TVM after 0.19; tune it with MetaSchedule"
    return None


def _release(version: str | None) -> tuple[int, ...] | None:
    try:
        return Version(version).release if version else None
    except InvalidVersion:
        return None
