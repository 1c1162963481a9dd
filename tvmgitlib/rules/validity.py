"""Whether a record still holds for the TVM in front of the user: graded and explained, never silently dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from tvmgitlib import families
from tvmgitlib.model import FamilyName, Settings, TvmVersion, canonical_json, fact, plural

Grade = Literal["exact", "stale", "suspect", "untrusted", "incompatible", "invalidated"]


class Verdict(Struct, frozen=True):
    """A grade and its reason in words, with the option that would change it.

    Attributes:
        grade: the grade.
        why: the reason.
        remark: what of the reason bears on a use all the same, where the grade does not say it: part of `why`.
    """

    grade: Grade
    why: str
    remark: str | None = None


def grade(
    family: FamilyName,
    tuned_with: TvmVersion,
    current: TvmVersion,
    settings: Settings,
    *,
    finished: datetime | None = None,
    now: datetime | None = None,
    recorded_facts: Mapping[str, Any] | None = None,
    current_facts: Mapping[str, Any] | None = None,
    loads: bool = False,
) -> Verdict:
    """Grade a record.

    Args:
        family: the record's tuner family.
        tuned_with: the TVM it was tuned with.
        current: the TVM that would use it.
        settings: the library's policy.
        finished, now: when its job finished, and the present, for the maximum age; aware datetimes.
        recorded_facts, current_facts: the platform facts it ran under and those of the machine at hand; facts are not
            compared unless both are given.
        loads: whether the TVM at hand is known to load it; else a version alone has to say so.
    """
    unreadable = families.family(family).unreadable(tuned_with, current)
    if unreadable:
        return Verdict("incompatible", unreadable)
    stale = _other_tvm(tuned_with, current, settings.policy_tvm)
    if stale is None and recorded_facts is not None and current_facts is not None:
        stale = other_facts(recorded_facts, current_facts, settings.policy_facts)
    if stale is None:
        stale = _too_old(finished, now, settings.max_age)
    if stale:
        return Verdict("stale", f"{stale}; --accept stale uses it all the same")
    why = f"tuned with {tuned_with}, as {_SOURCE[tuned_with.source]}; policy {settings.policy_tvm}"
    unsure = None if loads else which_build(family, tuned_with)
    return Verdict("exact", f"{why}; {unsure}" if unsure else why, unsure)


_SOURCE = {"runtime": "that TVM said", "option": "--tvm said", "log": "the log says", None: "nothing says"}


def which_build(family: FamilyName, tuned_with: TvmVersion) -> str | None:
    """That a version does not say whether a module loads, where it does not: each build of a `.dev` writes its own."""
    if tuned_with.version is None or ".dev" not in tuned_with.version or not families.family(family).keeps_module:
        return None
    return "a .dev version does not say which build wrote the module, and only a build's own loads in it"


def _other_tvm(tuned_with: TvmVersion, current: TvmVersion, rule: str) -> str | None:
    """Why the record's TVM is outside the policy, if so."""
    if rule == "any":
        return None
    if tuned_with.version is None:
        return "nobody knows which TVM it was tuned with (import with --tvm DIST==VERSION to say)"
    both = f"tuned with {tuned_with}, this is {current}; policy {rule}"
    if tuned_with.distribution and current.distribution and tuned_with.distribution != current.distribution:
        return both
    if rule == "same":
        return None if tuned_with.version == current.version else both
    if rule == "same-minor":
        return None if tuned_with.minor is not None and tuned_with.minor == current.minor else both
    return None if _is_within(tuned_with.version, rule) else both


def _is_within(version: str, specifier: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def other_facts(recorded: Mapping[str, Any], current: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """Why what was found under some platform facts does not hold under others, in words; None where it does.

    Args:
        recorded, current: the facts of then, and of the machine at hand.
        names: the facts that must be equal.
    """
    for name in names:
        then, today = fact(recorded, name), fact(current, name)
        if then is None:
            return f"the platform's {name} was not recorded, and the policy compares it"
        if today is None:
            return f"{name} was {canonical_json(then)}, and nobody says what it is here (--set {name}=VALUE says it)"
        if not _is_same(then, today):
            return f"{name} was {canonical_json(then)}, here it is {canonical_json(today)}"
    return None


def _is_same(then: Any, today: Any) -> bool:
    """Whether two facts are one: `--set gpu.driver=550.54` is a number, and what a driver says of itself is text."""
    if isinstance(then, str) != isinstance(today, str):
        return str(then) == str(today)
    return bool(then == today)


def _too_old(finished: datetime | None, now: datetime | None, most: timedelta | None) -> str | None:
    if now is None or most is None:
        return None
    if finished is None:
        return f"nobody knows when it was tuned, and the policy allows {_said(most)}"
    age = now - finished
    return f"tuned {_said(age, most)} ago, the policy allows {_said(most)}" if age > most else None


def _said(age: timedelta, like: timedelta | None = None) -> str:
    """An age in the largest unit in which it, or the one it is compared with, is whole."""
    like = age if like is None else like
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if not like % length:
            return plural(age // length, unit)
    return plural(age // timedelta(minutes=1), "minute")
