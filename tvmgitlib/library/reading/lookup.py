"""Lookups during a build: the best record that holds for the target, platform and TVM in front of us, and why.

Nothing of another device is ever an answer: the platform is the one that the target's `-model` names, the one that the
user names, or, for a target of this host, the detected one; without any of these there is no answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from html import escape
from operator import itemgetter
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from tvmgitlib.library.notebook import html_table
from tvmgitlib.library.platforms import overruled, platform_for
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.library.reading.grading import GRADES, Grader, Obstacle, Taken, up_to
from tvmgitlib.library.reading.neighbours import Asked, Neighbours
from tvmgitlib.library.reading.selection import Part
from tvmgitlib.model import FamilyName, GivenTarget, Json, Place, StoredRecord, TvmVersion, Workload, listed, plural
from tvmgitlib.rules.validity import Verdict

_log = logging.getLogger("tvmgitlib")

#: What may come of a lookup, beside the grades: a record that holds, and that a build does better without.
SLOWER = "slower"
#: There is no record, and none of the library's: what other workloads suggest is built, which nobody has measured.
SUGGESTED = "suggested"
MISSING = "missing"

STATES: Final = (*GRADES, SLOWER, SUGGESTED, MISSING)


class Outcome(Struct, frozen=True):
    """What came of one lookup.

    Attributes:
        family, target, platform, workload: what was asked; the target's label, the platform's name if it is known.
        stored: the record that is applied; None when none is.
        state: the grade of the record applied; where none is, the grade of the best one there is, `slower` where the
            untuned config is faster than it, `suggested` where a suggestion is applied for want of any, or `missing`.
        why: in words, with the option that would change it.
        names: what TVM called the workload, in the order of its questions: of one workload it may have several names.
    """

    family: FamilyName
    target: str
    platform: str | None
    workload: str
    stored: StoredRecord | None
    state: str
    why: str
    names: tuple[str, ...] = ()

    def says(self, other: Outcome) -> bool:
        """Whether the answer is the same one, to a question for the same workload."""
        return self.stored is other.stored and self.state == other.state and self.why == other.why

    def __str__(self) -> str:
        also = f" (also asked for as {listed(self.names[1:])})" if len(self.names) > 1 else ""
        return f"{self.workload}{also}: {self.why}"


class Summary(Struct):
    """Every task that was looked up, with what came of it: one for each workload, whatever TVM calls it."""

    outcomes: dict[tuple[str, str, str | None, str], Outcome] = field(default_factory=dict)

    def add(self, outcome: Outcome, workload: Workload) -> None:
        """Take in what came of a lookup of a workload: the latest answer counts, under the first name."""
        key = (outcome.family, outcome.target, outcome.platform, workload.text)
        name = workload.signature or workload.text
        earlier = self.outcomes.get(key)
        if earlier is None:
            self.outcomes[key] = replace(outcome, names=(name,))
        elif name not in earlier.names or not earlier.says(outcome):  # a build asks the same many times
            names = dict.fromkeys([*earlier.names, name])
            self.outcomes[key] = replace(outcome, workload=earlier.workload, names=tuple(names))

    def amend(self, key: tuple[str, str, str | None, str], state: str, why: str) -> None:
        """Say more of what came of a lookup."""
        self.outcomes[key] = replace(self.outcomes[key], state=state, why=why)

    def of(self, state: str) -> list[Outcome]:
        """The tasks of one state, such as `exact` or `missing`: one of `STATES`."""
        return [outcome for outcome in self.outcomes.values() if outcome.state == state]

    @property
    def applied(self) -> list[Outcome]:
        """The tasks for which a record was applied: no suggestion is one."""
        return [outcome for outcome in self.outcomes.values() if outcome.stored is not None]

    @property
    def line(self) -> str:
        """The summary in one line."""
        counts = ", ".join(f"{len(found):,} {state}" for state in STATES if (found := self.of(state)))
        asked = plural(len(self.outcomes), "task")
        return f"{asked} looked up, {len(self.applied):,} tuned: {counts or 'nothing was asked'}"

    def __str__(self) -> str:
        details = [f"  {outcome.state:12} {outcome}" for outcome in self.outcomes.values()]
        return "\n".join([self.line, *details])

    def __repr__(self) -> str:
        return f"<Summary: {self.line}>"

    def _repr_html_(self) -> str:
        names = ("state", "workload", "target", "platform", "why")
        rows = ({name: getattr(outcome, name) for name in names} for outcome in self.outcomes.values())
        return f"<p>{escape(self.line)}</p>{html_table(rows, names)}"


class _Asker(Struct, frozen=True):
    """What is the same for all workloads that are asked for a target.

    Attributes:
        family, target: for what is asked.
        platform: the platform's name; None where nothing says it.
        answers: what came of each question so far, by the workload and whether it is tunable; None where it is not, and
            has no record.
    """

    family: FamilyName
    target: GivenTarget
    platform: str | None
    answers: dict[tuple[Workload, bool], Outcome | None] = field(default_factory=dict)


class Lookup:
    """Answers lookups from a library in one commit.

    Args:
        contents: the library; it must stay open for as long as lookups are made.
        tvm: the TVM that applies the records.
        platform: the platform's name where a target names no model, `this` for this machine; None to detect it.
        accept: the worst that is applied. What is suggested is for the caller to find out: see `is_missing`.
        facts: what the user says of the machine at hand, added to what is detected.
        obstacle: asks the TVM whether it can load a record; None to go by its version.
    """

    def __init__(
        self,
        contents: Contents,
        tvm: TvmVersion,
        platform: str | None = None,
        accept: Taken = "exact",
        facts: Mapping[str, Json] | None = None,
        obstacle: Obstacle | None = None,
    ) -> None:
        self._contents = contents
        self._grader = Grader(contents, tvm, facts, obstacle)
        self._platform = platform
        self._overruled: set[str] = set()
        self._accepted = up_to(accept if accept != "suggested" else "stale")
        self._askers: dict[tuple[FamilyName, GivenTarget], _Asker] = {}
        self.summary = Summary()

    def find(
        self,
        family: FamilyName,
        target: GivenTarget,
        workload: Workload,
        *,
        tunable: bool = True,
        signature: Callable[[], str | None] = lambda: None,
    ) -> StoredRecord | None:
        """The best record that may be applied; the summary says which, or why none.

        Args:
            family, target, workload: what is asked.
            tunable: False for what nobody tunes: where there is no record of it, the summary does not say so.
            signature: gives the workload in words that no TVM version changes, where its name is none: it is asked
                where there is no record.
        """
        asker = self._askers.get((family, target))
        if asker is None:
            asker = self._askers[family, target] = _Asker(family, target, self.platform_of(target))
        question = (workload, tunable)
        if question in asker.answers:
            outcome = asker.answers[question]
        else:
            outcome = asker.answers[question] = self._answer(asker, workload, tunable, signature)
        if outcome is None:
            return None
        self.summary.add(outcome, workload)
        return outcome.stored

    def is_missing(self, family: FamilyName, target: GivenTarget, workload: Workload) -> bool:
        """Whether there is no record of what was asked for, on a platform that is known."""
        key = self._key(family, target, workload)
        found = self.summary.outcomes.get(key)
        return key[2] is not None and found is not None and found.state == MISSING

    def suggest(self, family: FamilyName, target: GivenTarget, workload: Workload, why: str, *, applied: bool) -> None:
        """Let the summary say what was suggested for what is missing.

        Args:
            family, target, workload: what was asked for.
            why: where the suggestion comes from; where none is applied, why not.
            applied: whether one is.
        """
        self.summary.amend(self._key(family, target, workload), SUGGESTED if applied else MISSING, why)

    def _key(self, family: FamilyName, target: GivenTarget, workload: Workload) -> tuple[str, str, str | None, str]:
        return (family, target.target.label, self.platform_of(target), workload.text)

    def refuse(self, stored: StoredRecord, why: str) -> None:
        """Never answer with a record again: this TVM has tried to load it and could not."""
        self._grader.refuse(stored, why)
        self._askers.clear()

    def platform_of(self, target: GivenTarget) -> str | None:
        """The platform that a target is on; None when nothing says."""
        model = overruled(target, self._platform)
        if model is not None and model not in self._overruled:
            self._overruled.add(model)
            _log.warning("platform %s is not used for %s: its -model names %s", self._platform, target.text, model)
        return platform_of(target, self._platform)

    def module(self, stored: StoredRecord) -> Workload:
        """The workload of a MetaSchedule record, with its module, which is in the segment of the record's job."""
        return self._contents.modules([stored])[stored.record.workload]

    def records(self, family: FamilyName, target: GivenTarget) -> Iterable[StoredRecord]:
        """Every record of a family for a target on its platform, whatever its grade."""
        platform = self.platform_of(target)
        return self._candidates(target, Part(family, platform)) if platform else []

    def _answer(
        self, asker: _Asker, workload: Workload, tunable: bool, signature: Callable[[], str | None]
    ) -> Outcome | None:
        """What comes of a lookup; None for what is not tunable and has no record."""
        part = Part(asker.family, asker.platform, workload)
        candidates = self._candidates(asker.target, part) if asker.platform is not None else []
        if not tunable and not candidates:
            return None
        return self._choose(asker, workload, candidates, signature)

    def _candidates(self, target: GivenTarget, part: Part) -> list[StoredRecord]:
        """The records that may answer for a target, those of the closest first."""
        keys = target.target.answering_keys
        found = [
            (keys[key], stored)
            for records in self._grader.records(part).values()
            for stored in records
            if (key := stored.record.target.target.device_key) in keys
        ]
        return [stored for _, stored in sorted(found, key=itemgetter(0))]

    def _choose(
        self, asker: _Asker, workload: Workload, candidates: list[StoredRecord], signature: Callable[[], str | None]
    ) -> Outcome:
        family, target, platform = asker.family, asker.target, asker.platform

        def outcome(stored: StoredRecord | None, state: str, why: str) -> Outcome:
            return Outcome(family, target.target.label, platform, workload.label, stored, state, why)

        if platform is None:
            why = f"nothing says which platform {target.target.label} is on; name it (--platform NAME, platform=...)"
            return outcome(None, MISSING, why)
        graded = [(stored, self._grader.verdict(stored, target.target)) for stored in candidates]
        if not graded:
            graded = self.invalidated(family, target, workload)
        if not graded:
            why = f"no record for {target.target.label} on {platform}"
            near = self._neighbours.nearest(Asked(workload, target.target, platform), signature())
            return outcome(None, MISSING, f"{why}; {near}" if near else why)
        stored, verdict = self._grader.best(graded, target.target)
        if verdict.grade not in self._accepted:
            return outcome(None, verdict.grade, verdict.why)
        baseline = self._grader.baseline(stored)
        if baseline is not None and stored.record.cost > baseline:
            return outcome(None, SLOWER, f"tuned {stored.record.cost:.4g} s, untuned {baseline:.4g} s: left untuned")
        return outcome(stored, verdict.grade, verdict.why)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._contents, self._grader.records)

    def invalidated(
        self, family: FamilyName, target: GivenTarget, workload: Workload
    ) -> list[tuple[StoredRecord, Verdict]]:
        """The records that would answer, had they not been invalidated."""
        platform = self.platform_of(target)
        if platform is None:
            return []
        asked = Place(family, target.target, platform, workload)
        return [(stored, verdict) for stored, verdict in self._grader.invalidated if stored.place.answers(asked)]


def platform_of(target: GivenTarget, named: str | None, *, here: bool = True) -> str | None:
    """The name of the platform that a target is on: see `platform_for`."""
    found = platform_for(target, named, here=here)
    return found.name if found else None
