"""The steps of an Ansor state as decisions, and back: `src/auto_scheduler/transform_step.cc` of TVM 0.16.

A sketch (splits, orders, caches, where to compute) is the form; what is drawn at random in it are the lengths of its
splits, the annotations that follow it, and the numbers in pragmas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import orjson

from tvmgitlib.model import Decisions, Knob

#: Steps that only annotate: from the first of them on, a state's steps are one knob.
_ANNOTATING: Final = frozenset(("AN", "FU", "PR"))
_ANNOTATIONS: Final = "annotations"


def decisions_of(steps: Sequence[Any]) -> Decisions | None:
    """A state's steps as decisions; None for steps of no form that TVM writes."""
    knobs: dict[str, Knob] = {}
    extents: dict[str, int] = {}
    blank: list[Any] = []
    for step in steps:
        match step:
            case ["SP", stage, axis, extent, [*lengths], inner_to_outer]:
                name = f"SP{len(extents)}"
                if not all(type(each) is int and each > 0 for each in (extent, *lengths)):
                    return None
                knobs[name], extents[name] = Knob("split", (0, *lengths)), extent
                blank.append(["SP", stage, axis, None, [None] * len(lengths), inner_to_outer])
            case ["PR", stage, axis, str(pragma)] if "$" in pragma:
                what, _, value = pragma.rpartition("$")
                knobs[f"PR{sum(name.startswith('PR') for name in knobs)}"] = Knob("choice", (value,))
                blank.append(["PR", stage, axis, f"{what}$"])
            case [str(), *_]:
                blank.append(step)
            case _:
                return None
    sketch = next((at for at, step in enumerate(blank) if step[0] in _ANNOTATING), len(blank))
    knobs[_ANNOTATIONS] = Knob("choice", (orjson.dumps(blank[sketch:]).decode(),))
    return Decisions(knobs, blank[:sketch], extents)


def steps_of(decisions: Decisions) -> list[Any]:
    """Undo `decisions_of`: the steps with these decisions in them."""
    config, extents = decisions.config, decisions.extents
    splits = pragmas = 0
    steps: list[Any] = []
    for step in [*cast("list[Any]", decisions.form), *orjson.loads(str(config[_ANNOTATIONS].value[0]))]:
        match step:
            case ["SP", stage, axis, None, _, inner_to_outer]:
                name = f"SP{splits}"
                splits += 1
                steps.append(["SP", stage, axis, extents[name], [*config[name].value[1:]], inner_to_outer])
            case ["PR", stage, axis, str(what)] if what.endswith("$"):
                steps.append(["PR", stage, axis, f"{what}{config[f'PR{pragmas}'].value[0]}"])
                pragmas += 1
            case _:
                steps.append(step)
    return steps
