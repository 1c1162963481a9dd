"""What the families of this package have in common: their schemas, and how long TVM had them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.version import InvalidVersion, Version

from tvmgitlib.model import Target, TvmVersion

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


#: What TVM 0.16 knows the targets of a kind by, beside the kind's own name (`-keys`, where the user gives none).
_KEYS: Final = {
    "llvm": ("cpu",),
    "c": ("cpu",),
    "hexagon": ("hexagon", "cpu"),
    "nvptx": ("cuda", "gpu"),
    **{kind: (kind, "gpu") for kind in ("cuda", "rocm", "opencl", "metal", "vulkan", "webgpu")},
    **{kind: (kind, "hls") for kind in ("aocl", "sdaccel")},
}


def tvm_keys(target: Target) -> frozenset[str]:
    """The keys of a target by which `ApplyHistoryBest`, of AutoTVM and Ansor alike, finds records: its device's name,
    and those of its kind.
    """
    device = target.attributes.get("device")
    return frozenset((*([str(device)] if device else ()), *_KEYS.get(target.kind, (target.kind,))))


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
