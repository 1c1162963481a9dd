"""Whether the TVM at hand can load what is on record: asked of itself, for no version says it.

A target may have flags that this TVM no longer knows, and two builds of one version write modules that the other does
not read. What a target says in its canonical form generates the same code, so it is given in that form where its own
text cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from tvmgitlib import families
from tvmgitlib.library.reading import Contents, Lookup
from tvmgitlib.live.at_hand.error_text import last_line
from tvmgitlib.live.at_hand.targets import target_attributes
from tvmgitlib.live.common.base import live_families
from tvmgitlib.model import (
    FamilyName,
    GivenTarget,
    StoredRecord,
    TargetError,
    TvmError,
    TvmgitlibError,
    TvmVersion,
    Workload,
    canonical_json,
    parse_target,
    read_json_with_gaps,
)

Loaded = TypeVar("Loaded")


class Loading:
    """Asks the TVM at hand about the records of a library.

    Args:
        contents: the library; it must stay open for as long as questions are asked.
        tvm: that TVM.
    """

    def __init__(self, contents: Contents, tvm: TvmVersion) -> None:
        self._contents = contents
        self._tvm = tvm
        self._modules: dict[str, dict[Workload, Workload]] = {}
        self._families = {family.name: family for family in live_families() if family.available()}

    def __call__(self, stored: StoredRecord) -> str | None:
        """Why it cannot load a record, in words; None where it can, and where it is not the one to ask."""
        family = self._families.get(stored.record.family)
        if family is None:
            return None
        if families.family(family.name).keeps_module:
            if not stored.tuned_with.is_like(self._tvm):
                return None
            module = self._with_module(stored).module
            if module is not None and (why := family.why_no_module(module)) is not None:
                return why
        return why_unreadable(stored.record.target)

    def _with_module(self, stored: StoredRecord) -> Workload:
        if stored.job not in self._modules:
            self._modules[stored.job] = self._contents.modules([stored])
        return self._modules[stored.job].get(stored.record.workload, stored.record.workload)


def loads_module(workload: Workload) -> bool:
    """Whether this TVM loads a workload's module, where its family keeps one; else there is none to be loaded."""
    if workload.module is None:
        return True
    named = [family for family in live_families() if family.name == workload.family and family.available()]
    return all(family.why_no_module(workload.module) is None for family in named)


def asked_for(target: Any) -> GivenTarget | None:
    """The target of a lookup; None where the library has no records of such: of several devices in one, say."""
    try:
        return parse_target(target) if target is not None else None
    except TargetError:
        return None


def apply(
    lookup: Lookup, find: Callable[[], StoredRecord | None], load: Callable[[StoredRecord], Loaded]
) -> Loaded | None:
    """The best record that this TVM loads, as its own object: the summary says what it cannot load.

    Args:
        lookup: the lookup.
        find: asks it.
        load: makes TVM's object of a record; whatever TVM raises is taken for an answer.
    """
    while (stored := find()) is not None:
        try:
            return load(stored)
        except TvmgitlibError:
            raise
        except Exception as error:  # of many kinds, by TVM
            lookup.refuse(stored, f"this TVM cannot load it: {last_line(error)}")
    return None


def readable(family: FamilyName, native: bytes, target: GivenTarget | None = None) -> bytes:
    """A record's text with a target that this TVM reads; as it is, where it reads that.

    Args:
        family: the record's tuner family.
        native: its text.
        target: its target, where that is known already.

    Raises:
        TvmError: this TVM reads the target in no form.
    """
    codec = families.family(family)
    given = target or parse_target(codec.target_of(read_json_with_gaps(native)[0]))
    if given.completed or unreadable_target(given.text) is not None:
        return codec.with_target(native, _canonical(given))
    return native


def why_unreadable(given: GivenTarget) -> str | None:
    """Why this TVM reads a record's target in no form, in words; None where it does."""
    if unreadable_target(given.text) is None:
        return None
    try:
        _canonical(given)
    except TvmError as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def unreadable_target(text: str) -> str | None:
    """Why this TVM does not read the text of a target, as it says itself; None where it does."""
    import tvm

    try:
        tvm.target.Target(orjson.loads(text) if text.startswith("{") else text)
    except Exception as error:  # of another kind in each TVM
        return last_line(error)
    return None


def _canonical(given: GivenTarget) -> dict[str, Any]:
    """The canonical attributes of a target in a form that this TVM reads: with its facts, else those of its code only.

    Raises:
        TvmError: it reads neither.
    """
    forms = (target_attributes(given), given.target.to_dict())
    for form in forms:
        if (why := unreadable_target(canonical_json(form))) is None:
            return form
    raise TvmError(f"this TVM cannot read its target, {given.target.label}: {why}")
