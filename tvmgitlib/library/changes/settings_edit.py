"""Changing one setting."""

from __future__ import annotations

from typing import Any

from tvmgitlib.errors import RecordError, SettingsError
from tvmgitlib.format.settings import SETTINGS_FILE, read_settings
from tvmgitlib.model.json import canonical_json, read_json
from tvmgitlib.model.settings import Settings

READ_ONLY = ("format",)


def changed(settings: Settings, key: str, value: Any) -> Settings:
    """The settings with one key changed, checked like a file from anywhere else.

    Raises:
        SettingsError: the key is not a setting, or the value is not one of its values.
    """
    document = settings.to_json()
    if key in READ_ONLY or (key not in document and not key.startswith("x-")):
        known = ", ".join(name for name in document if name not in READ_ONLY)
        raise SettingsError(f"no setting is called {key!r}", file=SETTINGS_FILE, hint=f"Settings: {known}, x-*.")
    try:
        text = canonical_json(document | {key: value}).encode()
    except (TypeError, ValueError):
        raise SettingsError(f"{value!a} is no JSON value", file=SETTINGS_FILE, field=key) from None
    return read_settings(text)


def value_of(text: str) -> Any:
    """A value as typed at a prompt: JSON where it is JSON, else text."""
    try:
        return read_json(text.encode(errors="surrogateescape"))
    except RecordError:
        return text
