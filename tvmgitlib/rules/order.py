"""Which of two records is better: a total order, the same everywhere."""

from __future__ import annotations

from tvmgitlib.rules.segment import StoredRecord

#: Sorts after every ISO 8601 time: a job that does not know when it finished finished last.
_NEVER = "~"

Rank = tuple[float, int, str, str]


def rank(stored: StoredRecord) -> Rank:
    """Sort key, best first: mean cost, more trials behind it, earlier finish, record hash."""
    return (stored.record.cost, -stored.trials, stored.finished or _NEVER, stored.record.hash)
