"""What the families of this package have in common: their schemas, and how long TVM had them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tvmgitlib.model import Target, TvmVersion

#: AutoTVM and Ansor left TVM after 0.19.
_LAST_WITH_AUTOTVM = (0, 19)


def schema_folder() -> Path:
    """The folder of the schemas: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    return next(folder for folder in (package / "schema" / "v1", package.parent / "schema" / "v1") if folder.is_dir())


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


@lru_cache(maxsize=1024)
def _release(version: str | None) -> tuple[int, ...] | None:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version).release if version else None
    except InvalidVersion:
        return None
