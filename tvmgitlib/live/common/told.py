"""What a tuner was told, for the record: its name, and those of its options that JSON has words for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from tvmgitlib.model import Json

#: What the names of TVM's classes end in, and what people leave out: `XGBTuner` is called `xgb`.
_ENDINGS = ("Tuner", "Policy", "Search")


def name_of(tuner: Any) -> str:
    """What people call a tuner, by its class; a text is its name already."""
    if isinstance(tuner, str):
        return tuner
    name = type(tuner).__name__
    ending = next((each for each in _ENDINGS if name.endswith(each)), "")
    return (name.removesuffix(ending) or name).lower()


def options_of(tuner: Any, *parts: Any) -> dict[str, Json]:
    """The options that a tuner was made with, as far as it or one of its parts still has them under their names.

    Args:
        tuner: the tuner.
        parts: what it works with, such as its cost model.
    """
    found: dict[str, Any] = {"class": type(tuner).__name__}
    for holder in (*parts, tuner):
        for name in inspect.signature(type(holder).__init__).parameters if holder is not None else ():
            if name not in ("self", "task"):
                found[name] = getattr(holder, name, None)
    return plain(found)


def plain(told: Mapping[str, Any]) -> dict[str, Json]:
    """Of what was told, that which can be written down; None is what nobody told."""
    return {name: value for name, value in sorted(told.items()) if value is not None and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)
