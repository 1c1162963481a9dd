"""Workloads in words, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib import families
from tvmgitlib.families import short_types

if TYPE_CHECKING:
    from tvmgitlib.model import Workload


def workload_label(workload: Workload) -> str:
    """A workload as its family shows it; one of a family that is not installed, or nested beyond reason, as it is."""
    family = families.find(workload.family)
    try:
        return family.label(workload) if family is not None else workload.label
    except RecursionError:  # an Ansor key may be any text
        return workload.label


def is_named_by(workload: Workload, text: str) -> bool:
    """Whether a text is meant for a workload: a part of its identity or label, its id, or `#` and a part of that.

    In a label tensors are short; a text that has them as TVM writes them finds them too. What TVM calls it is a part of
    the identity here.
    """
    if text == workload.id or (text.startswith("#") and len(text) > 1 and workload.id.startswith(text[1:])):
        return True
    if text in workload.label or text in (workload.desc or ""):
        return True
    label = workload_label(workload)
    return text in label or short_types(text) in label
