"""The attributes of a target: which type each has, and its value in the one form of that type.

Names and types follow `src/target/target_kind.cc` of Apache TVM.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NoReturn

from tvmgitlib.model.wording import TargetError

_INTEGER = r"-?[0-9]{1,18}"


class Shape(Enum):
    """The type of an attribute, in the words of an error message."""

    TEXT = "text"
    NAMES = "a list of names"  # the order says nothing: sorted
    OPTIONS = "a list of options"  # the order matters: kept
    INTEGER = "an integer"
    FLAG = "0 or 1"


FAST_MATH = (
    "fast-math",
    "fast-math-arcp",
    "fast-math-contract",
    "fast-math-ninf",
    "fast-math-nnan",
    "fast-math-nsz",
    "fast-math-reassoc",
)

_SHAPES: dict[str, Shape] = {
    **dict.fromkeys(
        ("device", "mtriple", "mcpu", "march", "arch", "code", "mabi", "mfloat-abi", "model", "tag"), Shape.TEXT
    ),
    **dict.fromkeys(("mattr", "libs"), Shape.NAMES),
    **dict.fromkeys(("cl-opt", "llvm-options", "keys"), Shape.OPTIONS),
    **dict.fromkeys(("opt-level", "vector-width", "vlen", "rlen", "vtcm-capacity", "num-cores"), Shape.INTEGER),
    **dict.fromkeys(FAST_MATH, Shape.FLAG),
}


def typed(name: str, text: str) -> object:
    """The value of a CLI flag by its attribute's type; what does not fit stays text, for `shaped` to refuse."""
    shape = _SHAPES.get(name)
    if shape in (Shape.NAMES, Shape.OPTIONS):
        return text.split(",")
    if shape is Shape.TEXT or name == "host":
        return text
    if shape is Shape.FLAG and text.lower() in ("true", "false"):
        return int(text.lower() == "true")
    return int(text) if re.fullmatch(_INTEGER, text) else text


def shaped(name: str, value: object) -> object:
    """The value in the one form that its attribute has.

    Raises:
        TargetError: it is not of that type.
    """
    shape = _SHAPES.get(name)
    if shape is None or value is None:
        return value
    if shape is Shape.TEXT and isinstance(value, str):
        return _printable(name, value.strip())
    if shape in (Shape.NAMES, Shape.OPTIONS) and isinstance(value, list):
        items = [_printable(name, item.strip()) for item in value if isinstance(item, str)]
        if len(items) == len(value):
            items = [item for item in items if item]
            return sorted(set(items)) if shape is Shape.NAMES else items
    if shape is Shape.INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return value
    if shape is Shape.FLAG and isinstance(value, int) and value in (0, 1):
        return int(value)  # older TVMs export 1 and today's true; all of them read 1
    raise TargetError(f"the target's {name} is {shape.value}, not {shown(value)}")


def _printable(name: str, text: str) -> str:
    if not text.isprintable():
        raise TargetError(f"the target's {name} has characters that cannot be printed: {shown(text)}")
    return text


def is_flag_off(name: str, value: object) -> bool:
    """Whether this is a flag that is 0, as all of them are by default."""
    return _SHAPES.get(name) is Shape.FLAG and value == 0


def refuse_repeated(name: str) -> NoReturn:
    """Refuse a target of which one value would silently be lost."""
    raise TargetError(f"the target gives {shown(name)} twice")


def shown(value: object) -> str:
    """A value in an error message: printable and not long."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
