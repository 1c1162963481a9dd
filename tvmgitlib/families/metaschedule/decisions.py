"""Traces of MetaSchedule as decisions, and back: `src/tir/schedule/trace.cc` of TVM 0.16.

What post-processors add to a trace follows from what was decided before: it is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from tvmgitlib.model import Decisions, Knob

#: The instruction after which post-processing begins.
_POSTPROCESSING: Final = "EnterPostproc"


def decisions_of(trace: Sequence[Any]) -> Decisions | None:
    """A trace, `[instructions, decisions]`, by its decisions; each is called by the number of its instruction.

    None for a trace whose decisions are of no form that TVM writes.
    """
    instructions, decided = trace
    end = next((at for at, each in enumerate(instructions) if each[0] == _POSTPROCESSING), len(instructions))
    knobs: dict[str, Knob] = {}
    extents: dict[str, int] = {}
    for decision in decided:
        match decision:
            case [int(at), _] if at >= end:
                continue
            case [int(at), [*factors]] if at >= 0 and factors and all(type(each) is int for each in factors):
                knobs[str(at)] = Knob("split", tuple(factors))
                extents[str(at)] = math.prod(factors)
            case [int(at), int(chosen)] if at >= 0:
                knobs[str(at)] = Knob("choice", (chosen,))
            case _:
                return None
    return Decisions(knobs, instructions[:end], extents)


def trace_of(decisions: Decisions) -> list[Any]:
    """Undo `decisions_of`: a trace with these decisions, not yet post-processed."""
    decided = sorted((int(name), knob) for name, knob in decisions.config.items())
    return [decisions.form, [[at, [*knob.value] if knob.kind == "split" else knob.value[0]] for at, knob in decided]]
