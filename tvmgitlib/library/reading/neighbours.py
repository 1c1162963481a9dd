"""What a library has instead of what it has not: the nearest record to a lookup that finds none, and what differs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from tvmgitlib import families
from tvmgitlib.library.outlines import Narrowing
from tvmgitlib.library.platforms import THIS
from tvmgitlib.library.reading.labels import is_named_by, workload_label
from tvmgitlib.library.reading.selection import WHOLE, Part, Selection
from tvmgitlib.model import MissingError, listed
from tvmgitlib.rules.order import rank

if TYPE_CHECKING:
    from tvmgitlib.library.reading.contents import Contents
    from tvmgitlib.model import FamilyName, Place, StoredRecord, Target, Workload
    from tvmgitlib.rules.fold import Configs

#: What parts two targets of one kind are told apart by, and what people call them.
_PARTS = {"mtriple": "triple", "arch": "arch", "mcpu": "CPU", "mattr": "CPU features", "device": "device"}

#: How like each other a name and a mistyped one are, from 0 to 1.
_NEAR = 0.6

#: What names are made of that people remember: `conv2d` of `conv2d_nchw.cuda`.
_WORDS = r"[^\W_]{3,}"

#: So many files of configs/ are read for advice.
_MOST_FILES = 200


def meant(text: str, names: Iterable[str]) -> str:
    """Which of some names may have been meant by a text, in words; empty where none is near."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in names}
    near = [folded[name] for name in get_close_matches(text.casefold(), folded, 3, _NEAR)]
    return f"Is {' or '.join(near)} meant?" if near else ""


def among(text: str, names: Iterable[str]) -> str:
    """The same; where none is near, which names there are."""
    known = sorted(names)
    return meant(text, known) or (f"There are: {listed(known)}." if known else "There are none yet.")


class Asked(NamedTuple):
    """What a lookup that finds nothing is for.

    Attributes:
        workload: the workload.
        target, platform: where; None for anywhere.
    """

    workload: Workload
    target: Target | None
    platform: str | None


class Neighbours:
    """Records by what they compute, wherever they were measured.

    Args:
        contents: the library.
        records: gives the records of a part of it.
    """

    def __init__(self, contents: Contents, records: Callable[[Part], Configs]) -> None:
        self._contents = contents
        self._records = records

    def nearest(self, asked: Asked, signature: str | None = None) -> str | None:
        """The nearest record of a computation, and what differs, in words; None where there is none at all.

        Of several that differ in as much it is that of the platform whose name comes first, and there the best.

        Args:
            asked: what was looked up, and not found.
            signature: its workload in words that no TVM version changes, where its name is none.
        """
        mine = families.tvm_of_name(asked.workload)
        found: tuple[_Distance, StoredRecord] | None = None
        steps = {
            (_distance(asked, place), place.workload)
            for place in self._places(asked.workload, signature)
            if place.workload == asked.workload or families.tvm_of_name(place.workload) not in (None, mine)
        }
        # A job that does not count any more may have promised what is not there: the next may be nearer than what is.
        for distance, workload in sorted(steps, key=lambda step: step[0]):
            if found is not None and found[0] <= distance:
                break
            for stored in self._of(asked.workload.family, distance.platform, workload):
                far = _distance(asked, stored.place)
                if found is None or (far, rank(stored)) < (found[0], rank(found[1])):
                    found = far, stored
        if found is None:
            return None
        stored = found[1]
        there = f"the nearest is for {stored.place.target.label} on {stored.platform}"
        differences = list(_differences(asked, stored.place))
        if stored.record.workload != asked.workload:
            differences.append(f"another TVM ({stored.tuned_with}; revalidate carries it over)")
        return f"{there}: {', '.join(differences)}" if differences else there

    def workloads(self, selection: Selection) -> list[Workload]:
        """The workloads that are selected, on any target and platform, by family and text."""
        part = replace(selection.part, platform=None)
        known = self._contents.outlines.workloads(part.family)
        if known is None:
            known = [stored.record.workload for stored in self._every if part.family in (None, stored.record.family)]
        there = {(each.family, each.text): each for each in known if part.named is None or part.named(each)}
        return [workload for _, workload in sorted(there.items())]

    def _places(self, workload: Workload, signature: str | None) -> Iterable[Place]:
        """Where the computation may have been measured, and maybe more."""
        known = self._contents.outlines.places(workload, signature)
        if known is not None:
            return known
        found = list(self._by_name[workload.family, workload.text])
        if signature is not None:
            found += self._by_signature[workload.family, signature]
        return [stored.place for stored in found]

    def _of(self, family: FamilyName, platform: str, workload: Workload) -> Iterable[StoredRecord]:
        if self._contents.outlines.are_indexed:
            found = self._records(Part(family, platform, workload))
            return [stored for records in found.values() for stored in records]
        return [stored for stored in self._by_name[family, workload.text] if stored.platform == platform]

    @cached_property
    def _every(self) -> list[StoredRecord]:
        """All records, where there is no index: of a library that has none that is soon read.

        None of a large one: its clone leaves jobs with their remote, so it has no index, and this is only good advice.
        """
        if len(self._contents.config_files()) > _MOST_FILES:
            return []
        return [stored for records in self._records(WHOLE).values() for stored in records]

    @cached_property
    def _by_name(self) -> Mapping[tuple[FamilyName, str], list[StoredRecord]]:
        return _grouped((stored.record.workload.text, stored) for stored in self._every)

    @cached_property
    def _by_signature(self) -> Mapping[tuple[FamilyName, str], list[StoredRecord]]:
        return _grouped((stored.record.workload.signature or "", stored) for stored in self._every)


def _grouped(
    records: Iterable[tuple[str, StoredRecord]],
) -> Mapping[tuple[FamilyName, str], list[StoredRecord]]:
    """Records by their families and a name."""
    groups: defaultdict[tuple[FamilyName, str], list[StoredRecord]] = defaultdict(list)
    for name, stored in records:
        groups[stored.record.family, name].append(stored)
    return groups


class _Distance(NamedTuple):
    """How far a place is from what is asked for; what comes after the differences only decides between equals."""

    is_another_kind: bool
    differences: int
    platform: str
    workload: str


def _distance(asked: Asked, place: Place) -> _Distance:
    is_another_kind = asked.target is not None and place.target.kind != asked.target.kind
    count = sum(1 for _ in _differences(asked, place)) + (place.workload != asked.workload)
    return _Distance(is_another_kind, count, place.platform, place.workload.text)


def _differences(asked: Asked, place: Place) -> Iterator[str]:
    """What differs but the workload."""
    if asked.platform not in (None, place.platform):
        yield "another platform"
    if asked.target is not None:
        yield from _other_target(asked.target, place.target)


def _other_target(asked: Target, recorded: Target) -> Iterator[str]:
    if recorded.device_key in asked.lookup_keys:
        return
    mine, theirs = asked.attributes, recorded.attributes
    if recorded.kind != asked.kind:
        yield "another kind of target"
        return
    parts = [
        name for name in sorted(mine.keys() | theirs.keys()) if name != "host" and mine.get(name) != theirs.get(name)
    ]
    for name in parts:
        what = _PARTS.get(name, name)
        yield f"another {what} ({_said(theirs[name])})" if name in theirs else f"no {what}"


def _said(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def nearest(contents: Contents, selection: Selection) -> list[str]:
    """Of each workload of a selection that finds none: the nearest record there is, and what differs, in words."""
    neighbours = Neighbours(contents, contents.current)
    asked = selection.asked
    found = []
    for workload in neighbours.workloads(selection):
        near = neighbours.nearest(Asked(workload, asked.target if asked else None, selection.named_platform))
        if near is not None:
            found.append(f"{workload_label(workload)}: {near}")
    return found


def near_names(contents: Contents, selection: Selection) -> list[str]:
    """What a selection names that the library does not have, and what is near it, in words."""
    try:
        places = {task.place for _, task in contents.counted_tasks(Narrowing(None, None))}
    except MissingError:
        return []  # of a clone that only builds: nobody knows all names
    if not places:
        return ["No job counts here yet: tvmgitlib import LOG... brings logs in, tvmgitlib job start begins a job."]
    said = []
    platforms, named = {place.platform for place in places}, selection.named_platform
    if named not in (None, THIS, *platforms):
        said.append(f"No platform is called {named!r}. {among(str(named), platforms)}")
    of_target = replace(selection, family=None, platform=None, workload=None)
    if selection.asked is not None and not any(of_target.asks(place) for place in places):
        target = selection.asked.target
        alike = [place.target for place in places if place.target.kind == target.kind]
        known = {other.label for other in alike or (place.target for place in places)}
        said.append(f"No target is {target.label!r}. {among(target.label, known)}")
    text = selection.workload
    if text is not None and not any(is_named_by(place.workload, text) for place in places):
        said.append(_no_workload(text, {workload_label(place.workload).partition("(")[0] for place in places}))
    return said


def _no_workload(text: str, names: set[str]) -> str:
    if text.startswith("#"):
        return f"No workload has an id that begins with {text[1:]!r}; best --json has them whole."
    words = {word for name in names for word in re.findall(_WORDS, name)}
    near = meant(text.partition("(")[0], names | words)
    return f"No workload contains {text!r}. {near or among(text, names)}"
