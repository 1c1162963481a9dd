"""What a library has instead of what it has not: the nearest record to a lookup that finds none, and what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from tvmgitlib import families
from tvmgitlib.errors import listed
from tvmgitlib.model import Place, StoredRecord, Target
from tvmgitlib.rules.order import rank

#: What parts two targets of one kind are told apart by, and what people call them.
_PARTS = {"mtriple": "triple", "arch": "arch", "mcpu": "CPU", "mattr": "CPU features", "device": "device"}

#: How like each other a name and a mistyped one are, from 0 to 1.
_NEAR = 0.6


def meant(text: str, names: Iterable[str]) -> str:
    """Which of some names may have been meant by a text, in words; empty where none is near."""
    folded = {name.casefold(): name for name in names}
    near = [folded[name] for name in get_close_matches(text.casefold(), folded, 3, _NEAR)]
    return f"Is {' or '.join(near)} meant?" if near else ""


def among(text: str, names: Iterable[str]) -> str:
    """The same; where none is near, which names there are."""
    known = sorted(names)
    return meant(text, known) or (f"There are: {listed(known)}." if known else "There are none yet.")


class Neighbours:
    """Records by what they compute, wherever they were measured.

    Args:
        records: the records of a library.
    """

    def __init__(self, records: Iterable[StoredRecord]) -> None:
        self._by_text: defaultdict[tuple[str, str], list[StoredRecord]] = defaultdict(list)
        self._by_signature: defaultdict[tuple[str, str], list[StoredRecord]] = defaultdict(list)
        for stored in records:
            family, workload = stored.record.family, stored.record.workload
            self._by_text[family, workload.text].append(stored)
            if workload.signature is not None:
                self._by_signature[family, workload.signature].append(stored)

    def nearest(self, asked: Place, signature: str | None = None) -> str | None:
        """The nearest record of a computation, and what differs, in words; None where there is none at all.

        Args:
            asked: what was looked up, and not found.
            signature: its workload in words that no TVM version changes, where its name is none.
        """
        same = self._by_text.get((asked.family, asked.workload.text), ())
        mine = families.tvm_of_name(asked.workload)
        others = self._by_signature.get((asked.family, signature), ()) if signature is not None else ()
        renamed = [stored for stored in others if families.tvm_of_name(stored.record.workload) not in (None, mine)]
        found = min(
            ((list(_differences(asked, stored)), stored) for stored in (*same, *renamed)),
            key=lambda pair: (pair[1].place.target.kind != asked.target.kind, len(pair[0]), rank(pair[1])),
            default=None,
        )
        if found is None:
            return None
        differences, stored = found
        there = f"the nearest is for {stored.place.target.label} on {stored.platform}"
        return f"{there}: {', '.join(differences)}" if differences else there


def _differences(asked: Place, stored: StoredRecord) -> Iterator[str]:
    place = stored.place
    if place.platform != asked.platform:
        yield "another platform"
    yield from _other_target(asked.target, place.target)
    if place.workload != asked.workload:
        yield f"another TVM ({stored.tuned_with}; revalidate carries it over)"


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
