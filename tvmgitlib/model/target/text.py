"""Reading a target's attributes: out of CLI text (`llvm -mcpu=skylake`), JSON text, a dict or a live object of TVM.

The CLI text is the form of AutoTVM's logs and of older TVMs; today's read and write JSON only.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable
from typing import cast

from tvmgitlib.model.json import canonical_json, is_unicode, read_json
from tvmgitlib.model.target.attributes import refuse_repeated, shown, typed
from tvmgitlib.model.wording import RecordError, TargetError

MAX_TEXT_LENGTH = 64 * 1024
"""The longest target that is read, in characters."""

_MAX_DEPTH = 16

_FLAG = r"(?s)--?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)(?:=(?P<value>.*))?"
_BRACKETED_HOST = r"(?s)(?P<target>.*?)\s-host=\[(?P<host>.*)\]"


def attributes_of_text(text: str) -> dict[str, object]:
    """The attributes that CLI or JSON text gives, as plain JSON values.

    Raises:
        TargetError: the text is empty, too long or malformed.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise TargetError(f"the target is {len(text)} characters long, more than the {MAX_TEXT_LENGTH} that are read")
    text = text.strip()
    if not text:
        raise TargetError("the target is empty", hint='For example: "llvm -mcpu=skylake-avx512".')
    return _attributes_of_json(text) if text.startswith("{") else _attributes_of_cli(text)


def json_text(value: object) -> str:
    """The JSON text of a target given as a dict or a live object.

    Raises:
        TargetError: it is neither, or holds what no target holds.
    """
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        try:  # as it is, without looking at every value: MetaSchedule has a dict in every record
            return canonical_json(value)
        except (TypeError, ValueError, RecursionError):
            pass  # live objects inside, or what `_plain` refuses with a reason
    attributes = _plain(value)
    if not isinstance(attributes, dict):
        raise TargetError(
            f"a target is text, a dict or a tvm.target.Target, not {type(value).__name__}",
            hint='For example: "llvm -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu".',
        )
    return canonical_json(attributes)


def _attributes_of_cli(text: str) -> dict[str, object]:
    attributes: dict[str, object] = {}
    # The bracket is asked for first: without it the search would begin anew at every -host=[ of a long text.
    if text.endswith("]") and (bracketed := re.fullmatch(_BRACKETED_HOST, text)):
        text, attributes["host"] = bracketed["target"], bracketed["host"]
    try:
        words = shlex.split(text)
    except ValueError:
        raise TargetError("the target's quotes are not balanced") from None
    attributes["kind"] = _plain(words.pop(0))
    while words:
        word = words.pop(0)
        flag = re.fullmatch(_FLAG, word)
        if flag is None:
            raise TargetError(f"{shown(word)} is a stray word in the target", hint="Attributes are -name=value.")
        name, value = flag["name"], flag["value"]
        if value is None and words and not words[0].startswith("-"):
            value = words.pop(0)
        if name in attributes:
            refuse_repeated(name)
        attributes[name] = 1 if value is None else typed(name, cast(str, _plain(value)))
    return attributes


def _attributes_of_json(text: str) -> dict[str, object]:
    try:
        value = read_json(text.encode(errors="surrogatepass"), exact=True)
    except RecordError as error:
        if error.field is not None:
            refuse_repeated(error.field)
        raise TargetError(f"the target cannot be read: {error.message}") from None
    return cast("dict[str, object]", _plain(value))


def _unrepeated(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in pairs:
        if name in result:
            refuse_repeated(name)
        result[name] = value
    return result


def _plain(value: object, depth: int = 0) -> object:
    """Plain JSON containers of what TVM exports: its Map, Array, String and IntImm, or those of tvm_ffi."""
    if depth > _MAX_DEPTH:
        raise TargetError(f"the target is nested more than {_MAX_DEPTH} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not is_unicode(value):
            raise TargetError(f"the target is not valid Unicode: {shown(value)}")
        return str(value)
    if isinstance(value, int):
        if value.bit_length() > 63:
            raise TargetError("the target has a number that does not fit in 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TargetError(f"the target has a number that JSON has not: {value}")
        return float(value)
    if callable(export := getattr(value, "export", None)):
        return _plain(export(), depth + 1)
    if callable(items := getattr(value, "items", None)):
        return _unrepeated((_attribute_name(name), _plain(item, depth + 1)) for name, item in items())
    if hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, (bytes, bytearray)):
        return [_plain(value[index], depth + 1) for index in range(len(value))]  # an Array has no __iter__ in TVM 0.16
    if hasattr(value, "value"):
        return _plain(value.value, depth + 1)
    raise TargetError(f"nothing in a target is of the type {type(value).__name__}")


def _attribute_name(name: object) -> str:
    if not isinstance(name, str):
        raise TargetError(f"the names of a target's attributes are text, not {shown(name)}")
    return cast(str, _plain(name))
