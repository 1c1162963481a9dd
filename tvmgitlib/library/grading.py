"""Grading records of a library for the TVM and the machine that would use them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final, Literal

from tvmgitlib.library.contents import Contents, is_since
from tvmgitlib.library.detect import facts_here
from tvmgitlib.model.moments import read_utc
from tvmgitlib.model.platform import merged_facts
from tvmgitlib.model.tvm import TvmVersion
from tvmgitlib.rules.fold import Configs
from tvmgitlib.rules.segment import StoredRecord
from tvmgitlib.rules.validity import Grade, Verdict, grade

#: The worst grade that a build applies.
Accept = Literal["exact", "stale"]

#: From the best to the worst.
GRADES: Final[tuple[Grade, ...]] = ("exact", "stale", "incompatible", "invalidated")


def up_to(worst: Grade) -> tuple[Grade, ...]:
    """The grades from the best to the worst that is wanted."""
    return GRADES[: GRADES.index(worst) + 1]


class Grader:
    """Grades records by the policy of their library.

    Args:
        contents: the library in one commit.
        tvm: the TVM that would use the records.
        facts: what the user says of the machine at hand, added to what is detected (and stronger than it).
    """

    def __init__(self, contents: Contents, tvm: TvmVersion, facts: Mapping[str, Any] | None = None) -> None:
        self._contents = contents
        self._tvm = tvm
        self._facts = facts or {}
        self._now = datetime.now(timezone.utc)

    @cached_property
    def records(self) -> Configs:
        """The best configs; where the policy has an age, also the best of the jobs that are young enough.

        configs/ is the same at any time, so there a fast record that has grown too old hides what was measured since.
        """
        configs = self._contents.current()
        days = self._contents.settings.policy_max_age
        if days is None:
            return configs
        limit = self._now - timedelta(days=days)
        if all(is_since(stored.finished, limit) for records in configs.values() for stored in records):
            return configs
        young = self._contents.fold(since=limit)
        known = {stored.line for records in configs.values() for stored in records}
        return {
            path: [*configs.get(path, ()), *(stored for stored in young.get(path, ()) if stored.line not in known)]
            for path in sorted(configs.keys() | young.keys())
        }

    def verdict(self, stored: StoredRecord, platform: str) -> Verdict:
        """The grade of a record of a platform that takes part in the fold."""
        recorded = current = None
        if self._contents.settings.policy_facts:
            recorded = self._contents.facts(stored, platform)
            current = merged_facts(facts_here(stored.record.target.target), self._facts)
        return grade(
            stored.record.family,
            stored.tuned_with,
            self._tvm,
            self._contents.settings,
            finished=read_utc(stored.finished) if stored.finished else None,
            now=self._now,
            recorded_facts=recorded,
            current_facts=current,
        )

    @cached_property
    def invalidated(self) -> list[tuple[str, StoredRecord, Verdict]]:
        """The records that were invalidated, each with its file in configs/, to explain why they are not there."""
        return [
            (path, stored, Verdict("invalidated", f"{why}; tvmgitlib revert {by} undoes that"))
            for path, stored, by, why in self._contents.invalidated
        ]
