"""Workloads in words, for people."""

from __future__ import annotations

import json
from typing import Any

from tvmgitlib.model.json import canonical_json
from tvmgitlib.model.workload import Workload


def workload_label(workload: Workload) -> str:
    """A workload as one writes a call: `dense.x86(float32[1,512], float32[10,512], None, float32)`.

    MetaSchedule workloads are hashes: they have their signature instead.
    """
    if workload.family == "metaschedule":
        return workload.label
    match workload.family, _json_or_none(workload.text):
        case "autotvm", [str(name), [*arguments], *keywords]:
            return _call(name, [*arguments, *keywords])
        case "ansor", [str(name), *arguments]:
            return _call(name, arguments)
    return workload.text


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # an Ansor workload key may be any text
        return None


def _call(name: str, arguments: list[Any]) -> str:
    return f"{_word(name)}({', '.join(map(_word, arguments))})"


def _word(value: Any) -> str:
    match value:
        case ["TENSOR", [*shape], str(dtype)]:
            return f"{dtype}[{','.join(map(_word, shape))}]"
        case list():
            return f"[{','.join(map(_word, value))}]"
        case str() if value.isprintable():
            return value
        case None | bool():
            return str(value)
        case _:
            return canonical_json(value)
