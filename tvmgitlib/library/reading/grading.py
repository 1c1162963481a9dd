"""Grading records of a library for the TVM and the machine that would use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from msgspec.structs import replace

from tvmgitlib.library import platforms
from tvmgitlib.library.reading import doubts
from tvmgitlib.library.reading.contents import only
from tvmgitlib.library.reading.selection import WHOLE, Part
from tvmgitlib.model import (
    SelectionError,
    beyond,
    merged_facts,
    read_utc,
)
from tvmgitlib.rules.order import rank
from tvmgitlib.rules.validity import Verdict, grade, which_build

if TYPE_CHECKING:
    from tvmgitlib.library.reading.contents import Contents
    from tvmgitlib.model import (
        FamilyName,
        Section,
        Settings,
        StoredRecord,
        Target,
        TvmVersion,
    )
    from tvmgitlib.rules.fold import Configs
    from tvmgitlib.rules.validity import Grade

#: The worst grade that a build applies.
Accept = Literal["exact", "stale"]

ACCEPTS: Final[tuple[str, ...]] = get_args(Accept)

#: The worst that a build takes. `suggested` is no grade of a record, and comes after all that are applied: for what has
#: no record at all, what the records of other workloads suggest.
Taken = Literal["exact", "stale", "suggested"]

TAKEN: Final[tuple[str, ...]] = get_args(Taken)

#: The worst grade that a person wants to see; `any` shows what there is.
Shown = Literal["exact", "stale", "any"]

SHOWN: Final[tuple[str, ...]] = get_args(Shown)

#: Says why the TVM at hand cannot load a record, in words; None where it can.
Obstacle: TypeAlias = "Callable[[StoredRecord], str | None]"

#: The grade of what is too fast to be believed until it is measured a second time.
SUSPECT: Final = "suspect"

#: The grade of what nobody signed whom the user trusts, where only signed jobs are exact.
UNTRUSTED: Final = "untrusted"

#: From the best to the worst.
GRADES: Final[tuple[Grade, ...]] = ("exact", "stale", SUSPECT, UNTRUSTED, "incompatible", "invalidated")


def require_one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse what is not one of the values that an argument has.

    Raises:
        SelectionError: naming them.
    """
    if value not in allowed:
        raise SelectionError(f"{name} is {' or '.join(map(repr, allowed))}, not {value!r}")


def up_to(worst: Grade) -> tuple[Grade, ...]:
    """The grades from the best to the worst that is wanted."""
    return GRADES[: GRADES.index(worst) + 1]


def shown_grades(worst: Shown) -> tuple[Grade, ...]:
    """The same for what is only looked at."""
    return GRADES if worst == "any" else up_to(worst)


class Grader:
    """Grades records by the policy of their library.

    Args:
        contents: the library in one commit.
        tvm: the TVM that would use the records.
        facts: what the user says of the machine at hand, added to what is detected (and stronger than it).
        obstacle: asks that TVM, where it is at hand, whether it can load a record; None to go by its version.

    Attributes:
        tvm: that TVM.
    """

    def __init__(
        self,
        contents: Contents,
        tvm: TvmVersion,
        facts: Mapping[str, Any] | None = None,
        obstacle: Obstacle | None = None,
    ) -> None:
        self._contents = contents
        self.tvm = tvm
        self._facts = facts or {}
        self._obstacle = obstacle
        self._refused: dict[bytes, str] = {}
        self._doubts = doubts.Doubts(contents)
        self._now = datetime.now(timezone.utc)
        self._held: dict[tuple[FamilyName | None, str | None], Configs] = {}
        self._by_version: dict[tuple[FamilyName, TvmVersion], Verdict] = {}

    def records(self, part: Part = WHOLE) -> Configs:
        """The best configs; also what they hide that holds: the best of what is believed, and, where the policy may
        split a group, of what it takes for exact.

        configs/ keeps records of one minor version together, and is the same at any time: so there a fast record of
        another patch level, or one that has grown too old, hides what holds.

        Args:
            part: only of these files, and these workloads.
        """
        configs = self._doubts.beside(self._contents.current(part), part)
        if not self._splits_groups:
            return configs
        if all(self._holds(stored) for records in configs.values() for stored in records):
            return configs
        return doubts.joined(configs, only(self._holding(part.family, part.platform), part))

    @cached_property
    def _splits_groups(self) -> bool:
        return splits_groups(self._contents.settings)

    def _holding(self, family: FamilyName | None, platform: str | None) -> Configs:
        """The best of what is exact; folded once, whatever workloads are asked for one by one."""
        if (family, platform) not in self._held:
            part = Part(family, platform)
            self._held[family, platform] = self._contents.fold(self._holds, part, skip_absent=True)
        return self._held[family, platform]

    def verdict(self, stored: StoredRecord, asked: Target | None = None) -> Verdict:
        """The grade of a record that takes part in the fold.

        Args:
            stored: the record.
            asked: the target that it would be used for; None for its own.
        """
        recorded = stored.record.target.target
        if asked is not None and (too_large := beyond(recorded.limits, asked.limits)) is not None:
            return Verdict("incompatible", too_large)
        verdict = self._by_policy(stored)
        if verdict.grade != "incompatible" and (why := self._why_unloadable(stored)) is not None:
            return Verdict("incompatible", why)
        if verdict.grade != "incompatible" and (why := self._doubts.untrusted(stored)) is not None:
            return Verdict(UNTRUSTED, why)
        if verdict.grade != "incompatible" and (doubt := self._doubts.why(stored)) is not None:
            return Verdict(SUSPECT, doubt)
        if verdict.grade == "exact" and asked is not None and recorded.device_key not in asked.lookup_keys:
            return Verdict("stale", f"{_leaves_out(recorded, asked)}; --accept stale uses it all the same")
        return verdict

    def baseline(self, stored: StoredRecord) -> float | None:
        """What the untuned config takes where a record was measured, in seconds; None where nobody believed says so."""
        return self._doubts.baseline(stored)

    def refuse(self, stored: StoredRecord, why: str) -> None:
        """From now on a record is one that this TVM cannot load: it has tried to."""
        self._refused[stored.line] = why

    def _why_unloadable(self, stored: StoredRecord) -> str | None:
        refused = self._refused.get(stored.line) if self._refused else None
        return refused if refused is not None or self._obstacle is None else self._obstacle(stored)

    def _by_policy(self, stored: StoredRecord) -> Verdict:
        settings = self._contents.settings
        if not settings.policy_facts:
            return self._of_version(stored) if settings.max_age is None else self._grade(stored)
        recorded = self._contents.facts(stored)
        current = merged_facts(platforms.facts_here(stored.record.target.target), self._facts)
        return self._grade(stored, recorded, current)

    def _of_version(self, stored: StoredRecord) -> Verdict:
        """The grade where nothing but the version decides: once for all records of one."""
        version = (stored.record.family, stored.tuned_with)
        known = self._by_version.get(version)
        if known is None:
            known = self._by_version[version] = self._grade(stored)
        return known

    def _holds(self, stored: StoredRecord) -> bool:
        """Whether version, age, cost and signers are within the policy; other platform facts are in other groups."""
        return self._grade(stored).grade == "exact" and self._doubts.believes(stored)

    def _grade(
        self,
        stored: StoredRecord,
        recorded: Mapping[str, Any] | None = None,
        current: Mapping[str, Any] | None = None,
    ) -> Verdict:
        return grade(
            stored.record.family,
            stored.tuned_with,
            self.tvm,
            self._contents.settings,
            finished=read_utc(stored.finished) if stored.finished else None,
            now=self._now,
            recorded_facts=recorded,
            current_facts=current,
            loads=self._obstacle is not None,
        )

    def best(
        self, graded: Sequence[tuple[StoredRecord, Verdict]], asked: Target | None = None
    ) -> tuple[StoredRecord, Verdict]:
        """The best record of the best grade of a workload, which has one at least.

        A config that this very TVM has measured goes by that, however fast another one was, or one that nobody knows.
        Of one grade, what was tuned for the very arch that is asked for comes before what says none.
        """
        if len(graded) == 1:
            return graded[0]
        known = {
            stored.record.config
            for stored, verdict in graded
            if verdict.grade == "exact" and stored.tuned_with.group == self.tvm.group
        }
        meant = [
            (stored, verdict)
            for stored, verdict in graded
            if stored.tuned_with.group == self.tvm.group or stored.record.config not in known
        ]
        best, verdict = min(
            meant, key=lambda pair: (GRADES.index(pair[1].grade), distance(pair[0], asked), rank(pair[0]))
        )
        faster = [other for other in meant if other[1].grade in (SUSPECT, UNTRUSTED) and rank(other[0]) < rank(best)]
        if verdict.grade not in up_to("stale") or not faster:
            return best, verdict
        doubted, doubt = min(faster, key=lambda pair: rank(pair[0]))
        remark = f"job {doubted.job[:8]} has a faster one, which is {doubt.grade}: {doubt.why}"
        both = f"{verdict.remark}; {remark}" if verdict.remark else remark
        return best, replace(verdict, why=f"{verdict.why}; {remark}", remark=both)

    @cached_property
    def invalidated(self) -> list[tuple[StoredRecord, Verdict]]:
        """The records that were invalidated, to explain why they are not there."""
        return [
            (stored, Verdict("invalidated", f"{why}; tvmgitlib revert {by} undoes that"))
            for stored, by, why in self._contents.invalidated
        ]


def splits_groups(settings: Settings) -> bool:
    """Whether the policy may take only some records of a group for exact: then configs/ may hide what holds."""
    return settings.max_age is not None or settings.policy_tvm not in ("any", "same-minor")


def distance(stored: StoredRecord, asked: Target | None) -> int:
    """How far a record's target is from the one asked for: its place among those that answer, the closest first."""
    if asked is None:
        return 0
    keys = asked.answering_keys
    return keys.get(stored.record.target.target.device_key, len(keys))


def _leaves_out(recorded: Target, asked: Target) -> str:
    missing = [
        f"-{name}" for name in ("mtriple", "mcpu") if name in asked.attributes and name not in recorded.attributes
    ]
    what = " and ".join(missing) or "features"
    return (
        f"tuned for {recorded.label}, which leaves {what} out, and this is {asked.label}: revalidate it, or import it "
        "with --complete-target"
    )


def is_exact(
    contents: Contents,
    section: Section,
    finished: str | None,
    tvm: TvmVersion,
    facts: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> bool:
    """Whether what a job found for a task holds as it is, by the library's policy.

    Args:
        contents: the library.
        section: where the task ran.
        finished: when its job did; None where nobody knows.
        tvm: the TVM that would use it.
        facts: the platform facts of the machine at hand; None where they are not compared.
        now: the present, for the maximum age.
    """
    verdict = grade(
        section.family,
        section.tuned_with,
        tvm,
        contents.settings,
        finished=read_utc(finished) if finished else None,
        now=now or datetime.now(timezone.utc),
        recorded_facts=section.platform.facts,
        current_facts=facts,
    )
    return verdict.grade == "exact"


def unsure(stored: StoredRecord) -> str | None:
    """Why nobody knows without asking a TVM of the right version whether it loads a record, in words."""
    return which_build(stored.record.family, stored.tuned_with)


def is_doubtful(stored: StoredRecord) -> bool:
    """Whether a TVM of the right version may still not load a record."""
    return unsure(stored) is not None or stored.record.target.is_doubtful
