"""Which of two records is better: a total order, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tvmgitlib.model import StoredRecord

#: Sorts after every ISO 8601 time: a job that does not know when it finished finished last.
_NEVER = "~"

Rank: TypeAlias = tuple[float, int, str, str, bytes]


def rank(stored: StoredRecord) -> Rank:
    """Sort key, best first: mean cost, more trials behind it, earlier finish, record hash.

    The line decides between two jobs that hold the same record: nothing is left to the order of reading.
    """
    finished = moment(stored) or _NEVER
    return (stored.record.cost, -stored.trials, finished, stored.record.hash, stored.line)


def moment(stored: StoredRecord) -> str:
    """When the record's job finished, as text that sorts by time, with or without a fraction; empty when unknown."""
    return stored.finished.removesuffix("Z") if stored.finished else ""
