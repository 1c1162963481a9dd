"""Changing one setting, as one commit."""

from __future__ import annotations

from typing import Any, Final

from tvmgitlib.format import SETTINGS_FILE, read_settings
from tvmgitlib.library.changes.decision import Decision, Instead, decide_and_commit
from tvmgitlib.library.changes.messages import message
from tvmgitlib.library.folding import Change
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import RecordError, Settings, SettingsError, canonical_json, read_json
from tvmgitlib.store import Committed, Repository

READ_ONLY = ("format",)

#: Settings whose values are texts and nothing else.
_TEXTS: Final = ("policy.tvm", "policy.trust", "push", "queue.refs")


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


def configure(repository: Repository, key: str, value: Any) -> Committed | None:
    """Commit a change of one setting, with a new fold where it asks for one; None when it has that value already.

    Raises:
        SettingsError: as `changed`.
    """

    def decide(contents: Contents) -> Decision[Settings] | Instead[None]:
        settings = changed(contents.settings, key, value)
        if settings == contents.settings:
            return Instead(None)
        subject = f"Set {key} to {settings.to_json()[key]}"
        return Decision(settings, Change(settings=settings), lambda _: message(subject, [], {}))

    done = decide_and_commit(repository, decide)
    return done.committed if done is not None else None


def setting(settings: Settings, key: str) -> Any:
    """The value of a setting.

    Raises:
        SettingsError: no setting is called like that.
    """
    document = settings.to_json()
    if key not in document:
        raise SettingsError(f"no setting is called {key!r}", hint=f"Settings: {', '.join(document)}.")
    return document[key]


def value_of(text: str, key: str) -> Any:
    """The value of a setting as typed at a prompt: JSON where it is JSON, else text.

    Args:
        text: what is typed.
        key: of the setting: the version `0.27` is no number.
    """
    try:
        value = read_json(text.encode(errors="surrogateescape"))
    except RecordError:
        return text
    return text if key in _TEXTS and isinstance(value, (int, float)) else value
