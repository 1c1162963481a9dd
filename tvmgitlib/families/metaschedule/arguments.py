"""What a MetaSchedule record was measured with, held against what its workload takes.

A record names its workload by the number of a line in another file. Where two databases were joined as text, or two
programs wrote into one, the number names somebody else's workload: the arguments tell, as far as they differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct

from tvmgitlib.model import RecordError

#: The type and the extents of an argument.
Argument: TypeAlias = "tuple[str, tuple[int, ...]]"

#: An attribute of functions some of whose arguments a schedule may lay out anew: as many elements, in another shape.
_LAYOUT_FREE: Final = "layout_free_buffers"


class Arguments(Struct, frozen=True):
    """What a workload takes.

    Attributes:
        each: its arguments.
        reshaped: whether a schedule may give them other shapes.
    """

    each: tuple[Argument, ...]
    reshaped: bool

    def differ(self, measured: tuple[Argument, ...]) -> bool:
        """Whether those that a record was measured with cannot be these."""
        if not self.reshaped:
            return measured != self.each
        return _sizes(measured) != _sizes(self.each)

    def check(self, number: int, args: Any) -> None:
        """Refuse a record of another workload.

        Args:
            number: of the workload, counted from 0.
            args: what the record says that it was measured with.

        Raises:
            RecordError: it is another workload's.
        """
        measured = _measured(args)
        if measured is not None and self.differ(measured):
            raise RecordError(
                f"measured with {_words(measured)}, and workload {number}, line {number + 1} of the other file, takes "
                f"{_words(self.each)}: the record is another workload's",
                field="[1][3]",
                hint="Two databases were joined as text, or two programs wrote into one folder: a record names its "
                "workload by its line there. Import each database by itself.",
            )


def _sizes(arguments: tuple[Argument, ...]) -> list[tuple[str, int]]:
    return [(dtype, math.prod(shape)) for dtype, shape in arguments]


def _words(arguments: tuple[Argument, ...]) -> str:
    words = [f"{dtype}[{','.join(map(str, shape))}]" for dtype, shape in arguments]
    return f"({', '.join(words)})"


def _measured(args: Any) -> tuple[Argument, ...] | None:
    """The arguments that a record says; None where one is no tensor."""
    found: list[Argument] = []
    for arg in args or [None]:
        match arg:
            case ["TENSOR", str(dtype), [*shape]] if all(map(_is_extent, shape)):
                found.append((dtype, tuple(map(int, shape))))
            case _:
                return None
    return tuple(found)


def _is_extent(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def arguments_of(nodes: list[Any]) -> Arguments | None:
    """What the function of a module takes; None where that cannot be told: extents that vary, or several functions.

    Args:
        nodes: of the module's graph, as any TVM writes it: in 0.16 the attributes of a node are text, in 0.25 a
            parameter's buffer stands in a map, in 0.27 it is the parameter's type.
    """
    functions = [node for node in nodes if _kind(node).endswith(".PrimFunc")]
    if len(functions) != 1:
        return None
    try:
        each = tuple(_arguments(nodes, _attributes(functions[0])))
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):  # a graph of no TVM's making
        return None
    return Arguments(each, any(_names_layout(node) for node in nodes)) if each else None


def _arguments(nodes: list[Any], function: dict[str, Any]) -> Iterator[Argument]:
    buffers: dict[int, int] = {}
    if "buffer_map" in function:
        pairs = [int(at) for at in nodes[int(function["buffer_map"])].get("data", ())]
        buffers = dict(zip(pairs[::2], pairs[1::2], strict=True))
    for at in nodes[int(function["params"])]["data"]:
        parameter = int(at)
        buffer = buffers[parameter] if buffers else int(_attributes(nodes[parameter])["ty"])
        yield _argument(nodes, _attributes(nodes[buffer]))


def _argument(nodes: list[Any], buffer: dict[str, Any]) -> Argument:
    dtype = buffer["dtype"]
    if not isinstance(dtype, str):
        dtype = _attributes(nodes[dtype])["dtype"]
    shape = []
    for at in nodes[int(buffer["shape"])].get("data", ()):
        shape.append(_extent(nodes, nodes[int(at)]))
    return dtype, tuple(shape)


def _extent(nodes: list[Any], node: Any) -> int:
    if not _kind(node).endswith("IntImm"):
        raise ValueError("an extent that varies")
    attributes = _attributes(node)
    if "ty" not in attributes:
        return int(attributes["value"])
    match nodes[attributes["value"]]:  # where the type is a node, the number is one too
        case {"type": "int", "data": int(number)}:
            return number
    raise ValueError("an extent of another form")


def _kind(node: Any) -> str:
    return str(node.get("type_key") or node.get("type") or "") if isinstance(node, dict) else ""


def _attributes(node: Any) -> dict[str, Any]:
    found = node.get("attrs") or node.get("data")
    if not isinstance(found, dict):
        raise ValueError("a node without attributes")
    return found


def _names_layout(node: Any) -> bool:
    match node:
        case {"data": str(text)}:
            return text == _LAYOUT_FREE
        case {"keys": [*keys]}:
            return _LAYOUT_FREE in keys
    return False
