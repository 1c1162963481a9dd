"""Three-way merges of what is not a set: the settings, key by key."""

from __future__ import annotations

from typing import Any

from tvmgitlib.model import SettingsError, typed

_MISSING = object()


def merge_settings(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], file: str) -> dict[str, Any]:
    """The settings of two branches together.

    Args:
        base: the settings where the branches parted; empty when they have no common ancestor.
        ours, theirs: the settings of both.
        file: the settings file, for messages.

    Raises:
        SettingsError: both changed one key, each to another value.
    """
    merged: dict[str, Any] = {}
    for key in dict.fromkeys([*ours, *theirs]):
        was, left, right = (side.get(key, _MISSING) for side in (base, ours, theirs))
        if left == right or right == was:
            value = left
        elif left == was:
            value = right
        else:
            choice = typed("tvmgitlib", "config", key, "VALUE")
            raise SettingsError(
                f"both branches changed it: here it is {_word(left)}, there it is {_word(right)}",
                file=file,
                field=key,
                hint=f"Choose one with {choice} on either branch, then merge again.",
            )
        if value is not _MISSING:
            merged[key] = value
    return merged


def _word(value: Any) -> str:
    return "absent" if value is _MISSING else repr(value)
