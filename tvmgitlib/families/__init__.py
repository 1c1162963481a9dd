"""Tuner families: their log lines as values, and back.

What a family is, says `Family`; which there are, `names`. Those of other packages are found by their entry points.
"""

from __future__ import annotations

from tvmgitlib.families.base import Family
from tvmgitlib.families.registry import (
    decisions,
    every,
    family,
    family_of,
    find,
    is_known,
    is_shipped,
    layout_with,
    layouts,
    layouts_in,
    names,
    provider,
    refusal,
    tvm_of_name,
    upgraded,
)
from tvmgitlib.families.values import short_types

__all__ = [
    "Family",
    "decisions",
    "every",
    "family",
    "family_of",
    "find",
    "is_known",
    "is_shipped",
    "layout_with",
    "layouts",
    "layouts_in",
    "names",
    "provider",
    "refusal",
    "short_types",
    "tvm_of_name",
    "upgraded",
]
