"""What came of measuring stored best records again."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from msgspec import Struct

from tvmgitlib.library.notebook import html_table
from tvmgitlib.library.reading import Placed
from tvmgitlib.model import TvmVersion

#: `holds`: measured, and on record for this TVM and machine now. `refused`: it fails, or computes something else.
#: `left`: not tried, because the task is not known here.
RevalidationState = Literal["holds", "refused", "left"]


class Remeasurement(Placed, frozen=True):
    """What came of one stored record.

    Attributes:
        job: the job that had measured it.
        tuned_with: the TVM of then.
        old_cost: mean run time in seconds, as stored.
        new_cost: the same, measured now; None where it was not, or failed.
        is_checked: whether its outputs were compared with those of an untuned build, and agreed.
        state: what came of it.
        why: in words, where it does not hold.
    """

    job: str
    tuned_with: TvmVersion
    old_cost: float
    new_cost: float | None
    is_checked: bool
    state: RevalidationState
    why: str | None

    @property
    def ratio(self) -> float | None:
        """Old cost over new: above 1 it is faster now. None where there is no new one."""
        return self.old_cost / self.new_cost if self.new_cost else None

    def to_json(self) -> dict[str, Any]:
        document = self.fields("job", "old_cost", "new_cost", "ratio", "state", "why")
        return document | {"checked": self.is_checked, "tuned_with": self.tuned_with.to_json()}


class Revalidated(Struct, frozen=True):
    """What a revalidation did.

    Attributes:
        jobs: their ids, one a target and platform: revert them to undo it; none when nothing was committed.
        commit: the last commit; None when nothing was committed.
        records: one entry for each stored record that was to be measured again.
        exact: workloads that hold as they are, and were not measured.
        missing: tasks given that have no record to measure again.
        invalidated: how many stored records the jobs name because they were refused, in configs/ or not.
        incomplete: targets, for people, of workloads that hold as they are, but name no triple: a build for a target
            that does takes their configs for stale.
    """

    jobs: tuple[str, ...]
    commit: str | None
    records: tuple[Remeasurement, ...]
    exact: int
    missing: int
    invalidated: int
    incomplete: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """How many records came to each state."""
        return Counter(record.state for record in self.records)

    @property
    def all_hold(self) -> bool:
        """Whether every record that was to be measured again holds."""
        return self.counts["holds"] == len(self.records)

    @property
    def unchecked(self) -> int:
        """How many hold without their outputs having been compared with those of an untuned build."""
        return sum(record.state == "holds" and not record.is_checked for record in self.records)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {state}" for state, count in sorted(self.counts.items()))
        return f"<Revalidated: {counts or 'nothing was to be measured'}>"

    def _repr_html_(self) -> str:
        names = ("state", "old_cost", "new_cost", "ratio", "platform", "workload_label", "why")
        return html_table(({name: getattr(record, name) for name in names} for record in self.records), names)

    def to_json(self) -> dict[str, Any]:
        states: tuple[RevalidationState, ...] = ("holds", "refused", "left")
        return {
            "jobs": list(self.jobs),
            "commit": self.commit,
            **{state: self.counts[state] for state in states},
            "exact": self.exact,
            "missing": self.missing,
            "invalidated": self.invalidated,
            "incomplete": list(self.incomplete),
            "records": [record.to_json() for record in self.records],
        }
