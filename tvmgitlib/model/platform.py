"""Platforms: the machine that a record was measured on, as a name and free facts.

The name is a folder in the library and a word on the command line, so it is short and safe everywhere; the facts are
nested JSON objects that are addressed by dotted keys such as `gpu.name`.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import cast

from msgspec import Struct, field

from tvmgitlib.model.json import Json, is_unicode, read_json
from tvmgitlib.model.wording import PlatformError, RecordError

_MAX_NAME_LENGTH = 64
_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
_KEY = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
_MAX_DEPTH = 16
_WINDOWS_RESERVED = r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?"
# What vendors write around a product's name, and what tells no two products apart: the clock follows from the rest.
_DECORATION = (
    r"(?i)\((?:r|tm|c)\)|[®™©]|@\s*[0-9.]+\s*[gm]hz|\b(?:(?:[0-9]+|quad|dual|six|eight)-core )?processor\b|\bcpu\b"
)
_ALLOWED = (
    f"A name is 1 to {_MAX_NAME_LENGTH} of the characters A-Z a-z 0-9 . _ + -, starts with a letter or digit, does not "
    "end in a dot and is not one that Windows reserves, such as con or nul."
)


class Platform(Struct, frozen=True):
    """A machine that kernels were measured on.

    Attributes:
        name: a valid platform name.
        facts: what is known of it: nested JSON objects.

    Raises:
        PlatformError: the name is not allowed.
    """

    name: str
    facts: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validate_platform_name(self.name)

    def __hash__(self) -> int:
        return hash(self.name)


def validate_platform_name(name: str) -> str:
    """The name itself.

    Raises:
        PlatformError: the name is not allowed; the hint says which are.
    """
    if not _is_valid(name):
        raise PlatformError(f"{name[:80]!a} is not the name of a platform", hint=_ALLOWED)
    return name


def platform_name_from(text: str, *, detected: bool = False) -> str:
    """A valid platform name from free text: a target's `-model`, or what a CPU or GPU calls itself.

    A text that is a valid name stays as it is. Any other is put in lower case without trademarks and clocks, and gets
    6 hex digits of its SHA-256, so that two models never share a name.

    Args:
        text: the model.
        detected: the text is a product's full name as its hardware tells it, which nobody else's simplifies to: no
            hex digits, and lower case throughout.

    Raises:
        PlatformError: the text is empty.
    """
    if not text.strip():
        raise PlatformError("a platform cannot be named after an empty text", hint=_ALLOWED)
    if not detected and _is_valid(text):
        return text
    plain = unicodedata.normalize("NFKD", re.sub(_DECORATION, " ", text)).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._+]+", "-", plain).strip("-._+") or "platform"
    if re.fullmatch(_WINDOWS_RESERVED, name):
        name = f"platform-{name}"
    suffix = "" if detected else f"-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
    return f"{name[: _MAX_NAME_LENGTH - len(suffix)].rstrip('-._+')}{suffix}"


def fact(facts: Mapping[str, Json], key: str) -> Json:
    """The fact under a dotted key such as `gpu.name`, None when there is none."""
    value: Json = cast("dict[str, Json]", facts)
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def set_fact(facts: Mapping[str, Json], key: str, value: Json) -> dict[str, Json]:
    """New facts, in which a dotted key such as `cooling.kind` has the value; the given ones stay as they are.

    Raises:
        PlatformError: the key is malformed, or a part of it before the last holds a value and no object.
    """
    _check_key(key)
    return _with(facts, key.split("."), value, key)


def merged_facts(facts: Mapping[str, Json], stronger: Mapping[str, Json]) -> dict[str, Json]:
    """Both, object by object: where both say the same fact, the stronger ones hold."""
    result = dict(facts)
    for name, value in stronger.items():
        known = result.get(name)
        result[name] = merged_facts(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def parse_assignment(text: str) -> tuple[str, Json]:
    """The dotted key and the value of `KEY=VALUE`. The value is JSON where it is valid JSON, and text elsewhere.

    JSON that not every reader reads the same is text as well: repeated names, integers beyond 64 bits, deep nesting,
    and numbers that would be written otherwise (a driver's `550.120` is no 550.12).

    Raises:
        PlatformError: there is no `=`, the key is malformed, or the value is not valid Unicode.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise PlatformError(f"{text!a} sets no fact", hint="Facts are set as KEY=VALUE, such as cooling.kind=fan.")
    _check_key(key)
    if not is_unicode(value):
        raise PlatformError(f"the value of {key} is not valid Unicode")
    return key, _json_or_text(value)


def _is_valid(name: str) -> bool:
    return (
        len(name) <= _MAX_NAME_LENGTH
        and re.fullmatch(_NAME, name) is not None
        and not name.endswith(".")
        and not re.fullmatch(_WINDOWS_RESERVED, name)
    )


def _with(facts: Mapping[str, Json], parts: list[str], value: Json, key: str) -> dict[str, Json]:
    first, *rest = parts
    if not rest:
        return {**facts, first: value}
    inner = facts.get(first, {})
    if not isinstance(inner, dict):
        raise PlatformError(f"{key} cannot be set: {first} is a value, not an object of facts")
    return {**facts, first: _with(inner, rest, value, key)}


def _check_key(key: str) -> None:
    if not re.fullmatch(_KEY, key) or key.count(".") >= _MAX_DEPTH:
        raise PlatformError(
            f"{key[:80]!a} is not the key of a fact",
            hint=f"A key is at most {_MAX_DEPTH} words of A-Z a-z 0-9 _ - with dots between them, such as gpu.name.",
        )


def _json_or_text(text: str) -> Json:
    try:
        value: Json = read_json(text.encode(), exact=True)
        _check_limits(value)
    except (PlatformError, RecordError):
        return text
    # A version such as 550.120 is no number: as one it would be 550.12.
    return text if type(value) in (int, float) and json.dumps(value) != text else value


def _check_limits(value: Json, depth: int = 0) -> None:
    if isinstance(value, int) and value.bit_length() > 63:
        raise PlatformError("a number that not every reader can hold")
    if isinstance(value, (list, dict)):
        if depth == _MAX_DEPTH:
            raise PlatformError(f"nested more than {_MAX_DEPTH} deep")
        for item in value.values() if isinstance(value, dict) else value:
            _check_limits(item, depth + 1)
