"""`tvmgitlib.json`: the settings of a library as text."""

from __future__ import annotations

import json
from typing import Any

from tvmgitlib.format import schema
from tvmgitlib.model import FORMAT, LibraryError, RecordError, Settings, SettingsError, read_json

SETTINGS_FILE = "tvmgitlib.json"

#: Settings that came after the first version, which reads no key that it does not know.
_SAID_WHEN_CHANGED = frozenset({"policy.min-cost", "policy.trust", "push", "queue.refs"})


def write_settings(settings: Settings) -> bytes:
    """The file's content: one key a line, so that Git merges changes of different keys."""
    default = Settings().to_json()
    document = {
        key: value
        for key, value in settings.to_json().items()
        if key not in _SAID_WHEN_CHANGED or value != default[key]
    }
    members = (f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in document.items())
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def read_settings(content: bytes, *, proven: bool = False) -> Settings:
    """Read `tvmgitlib.json`.

    Args:
        content: the file.
        proven: whether it is known to be right, so that it need not be checked again.

    Raises:
        LibraryError: it is of a format that this version does not know.
        SettingsError: it is malformed.
    """
    if proven:
        return Settings.from_json(read_json(content))
    try:
        document: Any = read_json(content)
        if isinstance(document, dict) and document.get("format") not in (None, FORMAT):
            raise LibraryError(
                f"the library has format {document['format']!r}, and this tvmgitlib reads format {FORMAT}",
                file=SETTINGS_FILE,
                field="format",
                hint="Install a newer tvmgitlib.",
            )
        schema.check(document, "settings")
    except RecordError as error:
        raise SettingsError(error.message, file=SETTINGS_FILE, field=error.field) from None
    settings = Settings.from_json(document)
    _check_policy(settings)
    return settings


def _check_policy(settings: Settings) -> None:
    """Refuse a TVM rule that cannot be read.

    Raises:
        SettingsError: it is no rule's name and no PEP 440 specifier.
    """
    rule = settings.policy_tvm
    if rule not in ("same", "same-minor", "any") and not _is_specifier(rule):
        raise SettingsError(
            f"{rule!r} is not same, same-minor, any or a PEP 440 specifier such as '>=0.25,<0.28'",
            file=SETTINGS_FILE,
            field="policy.tvm",
        )


def _is_specifier(rule: str) -> bool:
    """Whether a rule is a PEP 440 specifier that says anything."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return bool(list(SpecifierSet(rule)))
    except InvalidSpecifier:
        return False
