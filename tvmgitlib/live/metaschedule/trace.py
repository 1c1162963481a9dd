"""Traces of another TVM, in the words of this one.

Databases of one TVM do not load in another, but the traces in them are nearly the same in all: instructions by name,
on blocks by name, with the decisions taken. From 0.16 to 0.27 one instruction was renamed, and each TVM writes the maps
of indices by which layouts are transformed in a form of its own.
"""

from __future__ import annotations

import itertools
import json
import operator
from functools import cache
from typing import Any

from tvmgitlib.live.at_hand import fast_imports
from tvmgitlib.rules.suggesting import snapped_factors

#: One instruction, as TVM 0.16 and as later ones call it.
_RENAMED = {"GetBlock": "GetSBlock", "GetSBlock": "GetBlock"}

#: Marks the block that a builder takes out: it rewrites weights into the layout that the rest of the kernel reads.
_REWRITING = "meta_schedule.layout_rewrite_preproc"

_OPERATORS = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "FloorDiv": operator.floordiv,
    "FloorMod": operator.mod,
}


def replay(mod: Any, trace: Any) -> Any:
    """The schedule that a trace makes of a module.

    Args:
        mod: the module, as this TVM has it.
        trace: the trace as JSON, of whichever TVM.

    Raises:
        Exception: of many kinds, by TVM: the trace does not apply.
    """
    _know_intrinsics()
    schedules = _schedules()
    instructions, decisions = trace
    schedule = schedules.Schedule(mod)
    schedules.Trace.apply_json_to_schedule([[_translated(each) for each in instructions], decisions], schedule)
    return schedule


def snapped(mod: Any, trace: Any) -> Any:
    """The schedule that a trace of another workload makes of a module, its tiles snapped to the loops that are there.

    Args:
        mod: the module, as this TVM has it.
        trace: the trace as JSON, of whichever TVM, without what post-processors add.

    Raises:
        Exception: of many kinds, by TVM: the trace does not apply.
    """
    wanted = dict(trace[1])
    draft = replay(mod, trace)  # TVM makes some tiles of it that fit; what it has made of the rest stands
    schedule = _schedules().Schedule(mod)
    numbers = itertools.count()

    def decide(instruction: Any, inputs: Any, _: Any, decision: Any) -> Any:
        factors = wanted.get(next(numbers))
        if instruction.kind.name != "SamplePerfectTile" or not isinstance(factors, list):
            return decision
        extent = schedule.get(inputs[0]).extent
        if not hasattr(extent, "value"):
            return decision
        return list(snapped_factors(factors, int(extent.value)))

    draft.trace.apply_to_schedule(schedule, True, decide)
    return schedule


def rewrites_weights(trace: Any) -> bool:
    """Whether the kernel that is built of a trace takes weights in a layout of its own."""
    return any(attributes == [_REWRITING] for _, _, attributes, _ in trace[0])


def rewriting_inside(trace: Any) -> Any:
    """The trace of a kernel that takes weights as an untuned one does, and rewrites them whenever it runs."""
    instructions, decisions = trace  # decisions name instructions by their places, so none can be left out
    unmarked = [f"not {_REWRITING}"]
    return [
        [
            [name, inputs, unmarked if attributes == [_REWRITING] else attributes, outputs]
            for name, inputs, attributes, outputs in instructions
        ],
        decisions,
    ]


@cache
def _know_intrinsics() -> None:
    """Import what traces with tensor instructions name."""
    fast_imports()
    try:
        import tvm.s_tir.tensor_intrin  # noqa: F401
    except ImportError:
        from tvm.tir.tensor_intrin import arm_cpu, cuda, hexagon, rocm, x86  # noqa: F401


def _schedules() -> Any:
    try:
        from tvm.s_tir import schedule as found
    except ImportError:
        from tvm.tir import schedule as found
    return found


def _translated(instruction: Any) -> list[Any]:
    name, inputs, attributes, outputs = instruction
    if name in _RENAMED and not _is_known(name):
        name = _RENAMED[name]
    inputs = [_index_map(each) if isinstance(each, str) and each.startswith("{") else each for each in inputs]
    return [name, inputs, attributes, outputs]


def _is_known(name: str) -> bool:
    """Whether this TVM has an instruction of that name."""
    try:
        _schedules().InstructionKind.get(name)
    except Exception:  # of another kind in each TVM
        return False
    return True


def _index_map(text: str) -> str:
    """A map of indices as this TVM writes it: TVM's own readers know the types of their version only."""
    from tvm.ir import load_json, save_json

    try:
        load_json(text)
    except Exception:  # of another kind in each TVM
        return str(save_json(_Graph(json.loads(text)).root()))
    return text


class _Graph:
    """Objects of whichever TVM, from the JSON of their nodes, which point to each other by number."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._nodes: list[dict[str, Any]] = document["nodes"]
        self._root: int | str = document["root_index" if "root_index" in document else "root"]
        self._made: dict[int, Any] = {}  # a variable is one object, however many point to it

    def root(self) -> Any:
        return self._make(self._root)

    def _make(self, number: int | str) -> Any:
        at = int(number)
        if at not in self._made:
            self._made[at] = self._new(self._nodes[at])
        return self._made[at]

    def _new(self, node: dict[str, Any]) -> Any:
        try:
            from tvm import tirx as tir
        except ImportError:
            from tvm import tir
        type_key = str(node.get("type", node.get("type_key")))
        held = node["attrs"] if "attrs" in node else node.get("data", [])
        match type_key.rpartition(".")[2]:  # the namespace was another in each TVM
            case "" | "None":
                return None
            case "int":
                return held
            case "String":
                return node.get("repr_str", held)
            case "Array":
                return [self._make(each) for each in held]
            case "PrimType":
                return held["dtype"]
            case "IntImm":
                return self._make(held["value"]) if "ty" in held else int(held["value"])
            case "Var":
                return tir.Var(self._make(held["name"]), self._make(held["ty"]) if "ty" in held else held["dtype"])
            case "IndexMap":
                maps = ("initial_indices", "final_indices", "inverse_index_map")
                return tir.IndexMap(*(self._make(held[each]) for each in maps))
            case name if name in _OPERATORS:
                return _OPERATORS[name](self._make(held["a"]), self._make(held["b"]))
        raise ValueError(f"a map of indices with {type_key} in it, which is not known here")
