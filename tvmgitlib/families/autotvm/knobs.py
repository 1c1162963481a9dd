"""AutoTVM's entities as knobs, and back: `ConfigEntity.to_json_dict` of `tvm/autotvm/task/space.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from tvmgitlib.model import Config, Knob

_KINDS: Final[dict[str, Literal["split", "order", "choice"]]] = {"sp": "split", "re": "order"}


def knobs_of(entities: Iterable[Sequence[Any]]) -> Config:
    """A config by its knobs; what is no knob in any form that TVM writes is left out."""
    return {name: knob for name, kind, value in entities if (knob := knob_of(kind, value)) is not None}


def knob_of(kind: str, value: Any) -> Knob | None:
    """One entity.

    Args:
        kind: `sp`, `re`, `an` or `ot`.
        value: what it says; a split's outermost factor is -1 where it is not said.
    """
    parts = value if isinstance(value, (list, tuple)) else (value,)
    if not all(part is None or isinstance(part, (int, float, str)) for part in parts):
        return None
    if kind == "sp":
        return Knob("split", tuple(max(part, 0) for part in parts)) if _are_factors(parts) else None
    return Knob(_KINDS.get(kind, "choice"), tuple(parts))


def _are_factors(parts: Sequence[Any]) -> bool:
    return bool(parts) and all(isinstance(part, int) for part in parts)
