"""Collecting what came of the records."""

from __future__ import annotations

from msgspec.structs import replace

from tvmgitlib.library.jobs import RemeasuredNote
from tvmgitlib.live.revalidation.plan import Item, Plan
from tvmgitlib.live.revalidation.values import Remeasurement, Revalidated, RevalidationState
from tvmgitlib.model import Place, StoredRecord


class Result:
    """Collects what came of the records."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._jobs: list[str] = []
        self._commit: str | None = None
        self._records: list[Remeasurement] = []
        self._tried: set[tuple[Place, str, str]] = set()
        self._invalidated = 0

    def leave(self, item: Item, why: str) -> None:
        """Those of a task's records that were not tried stay as they are."""
        for stored in item.records:
            if (item.place, stored.job, stored.record.hash) not in self._tried:
                self._append(item.place, stored, "left", why)

    def add(self, item: Item, stored: StoredRecord, note: RemeasuredNote) -> None:
        """What came of a record."""
        state: RevalidationState = "holds" if note.cost is not None else "refused"
        self._append(item.place, stored, state, note.why, note)
        self._tried.add((item.place, stored.job, stored.record.hash))
        self._invalidated += len(note.invalidates)

    def committed(self, job: str, commit: str | None) -> None:
        """A job was committed."""
        self._jobs.append(job)
        self._commit = commit

    def _append(
        self,
        place: Place,
        stored: StoredRecord,
        state: RevalidationState,
        why: str | None,
        note: RemeasuredNote | None = None,
    ) -> None:
        record = stored.record
        self._records.append(
            Remeasurement(
                place=replace(place, workload=record.workload),
                job=stored.job,
                tuned_with=stored.tuned_with,
                old_cost=record.cost,
                new_cost=note.cost if note else None,
                is_checked=note.checked if note else False,
                state=state,
                why=why,
            )
        )

    @property
    def whole(self) -> Revalidated:
        """All of it."""
        return Revalidated(
            jobs=tuple(self._jobs),
            commit=self._commit,
            records=tuple(self._records),
            exact=self._plan.exact,
            missing=self._plan.missing,
            incomplete=tuple(sorted(self._plan.incomplete)),
            invalidated=self._invalidated,
        )
