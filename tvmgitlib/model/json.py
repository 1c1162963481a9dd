"""JSON as the library takes it: one strict reader, and the one canonical spelling that is compared and hashed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import orjson

from tvmgitlib.model.wording import RecordError

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

#: How an escaped colon begins, which would hide one of those that the reader goes by when it looks for repeated keys.
_DISGUISE: Final = b"\\u003"

#: Makes canonical text; one for all, since making it takes longer than most texts do.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

_SURROGATE = r"[\ud800-\udfff]"

#: No number of fewer characters is beyond a double.
_SHORT = 5

#: How many parts a document of a tuner may have, told by its commas: ten times what the longest real ones have, and
#: what a second is enough for.
MAX_PARTS: Final = 250_000

#: Strings, which are left alone; what Python, C++ and JavaScript write for a number that is none; and numbers.
_STRING_OR_NUMBER = rb'(?i)"(?:[^"\\]|\\.)*"|(?P<none>-?(?:nan|inf(?:inity)?)\b)|-?[0-9][0-9.]*(?:e[+-]?[0-9]+)?'


def is_unicode(value: object) -> bool:
    """Whether every text in a value is valid Unicode: what a terminal gives that is not comes as lone surrogates."""
    if isinstance(value, str):
        return value.isascii() or re.search(_SURROGATE, value) is None
    if isinstance(value, Mapping):
        return all(is_unicode(name) and is_unicode(member) for name, member in value.items())
    return not isinstance(value, (list, tuple)) or all(map(is_unicode, value))


def canonical_json(value: object) -> str:
    """The text that stands for `value` wherever two values are compared or hashed.

    Sorted keys, no spaces, UTF-8, no NaN.
    """
    return _CANONICAL.encode(value)


def read_json(text: bytes, *, exact: bool = False) -> Any:
    """Parse JSON, and refuse what not every reader reads the same.

    Args:
        text: UTF-8.
        exact: refuse integers beyond 64 bits as well, which else are read as the nearest double.

    Raises:
        RecordError: not UTF-8, not JSON, NaN or a number beyond a double, nested so deeply that it could not be written
            again, or a key that is given twice: then the error's field is that key.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RecordError(_problem(text, error)) from None
    try:
        written = orjson.dumps(document)
        if _may_repeat_a_key(text, written):
            json.loads(text, object_pairs_hook=_unique_keys)
        if exact and _may_be_rounded(document):
            json.loads(text, parse_int=_of_64_bits)
    except (orjson.JSONEncodeError, RecursionError):  # orjson reads deeper than it writes
        raise RecordError("nested too deeply") from None
    return document


def read_json_with_gaps(text: bytes) -> tuple[Any, bool]:
    """Parse JSON as tuners write it, where a number that is none (NaN, infinity, 1e400) is a gap: null.

    Returns:
        The document, and whether there is such a gap: then the text is not JSON, and no reader has to take it.

    Raises:
        RecordError: as `read_json`, for whatever else is wrong; or there is too much in it.
    """
    if has_too_many_parts(text):
        raise RecordError(f"more than {MAX_PARTS:,} values in one line, so it is not read")
    try:
        return read_json(text), False
    except RecordError:
        filled = re.sub(_STRING_OR_NUMBER, _or_null, text)
        if filled == text:
            raise
    return read_json(filled), True


def has_too_many_parts(text: bytes) -> bool:
    """Whether a document has more parts than it may have, told without parsing it."""
    return len(text) > MAX_PARTS and text.count(b",") > MAX_PARTS


def read_gaps(text: bytes) -> Any:
    """The document of a text with gaps, with what stands in them: Python has NaN and infinity."""
    return json.loads(re.sub(_STRING_OR_NUMBER, _as_python_has_it, text), parse_int=_as_read)


def _as_read(digits: str) -> int | float:
    """An integer as `read_json` has it: beyond 64 bits, the nearest double."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def _or_null(match: re.Match[bytes]) -> bytes:
    return match[0] if _is_one(match) else b"null"


def _as_python_has_it(match: re.Match[bytes]) -> bytes:
    return match[0] if _is_one(match) else json.dumps(float(match[0])).encode()


def _is_one(match: re.Match[bytes]) -> bool:
    """Whether a string or number is one of JSON."""
    text = match[0]
    if match["none"] is not None:
        return False
    return text.startswith(b'"') or len(text) < _SHORT or math.isfinite(_number(text))


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:  # 1.2.3: for the parser to refuse
        return 0.0


def _problem(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as problem:
        return f"not UTF-8 (byte {problem.start + 1} of the line)"
    return f"not valid JSON at column {error.colno} ({error.msg})"


def _may_repeat_a_key(text: bytes, written: bytes) -> bool:
    # Parsing keeps one of two equal keys, so the document written again has fewer colons than the text: that has at
    # least as many as its parts, wherever they stand, if none is escaped. Where one may be, the slow road is taken.
    return _DISGUISE in text or text.count(b":") != written.count(b":")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RecordError("the key is given twice", field=key)
        found[key] = value
    return found


def _may_be_rounded(value: Any) -> bool:
    """Whether there is a double that an integer beyond 64 bits may have been."""
    if isinstance(value, (list, dict)):
        return any(map(_may_be_rounded, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and abs(value) >= 2**63


def _of_64_bits(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise RecordError("a number that does not fit in 64 bits")
    return value
