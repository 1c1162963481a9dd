"""Where a best config may be too far ahead to be believed: remembered of jobs that were all read, so that nobody has to
read them all for it again.

Whoever folds or skims all jobs has seen it. It belongs to a jobs/ tree, and stands beside what was proven of configs/.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

from tvmgitlib._version import __version__
from tvmgitlib.library.folding.memory import Memory

if TYPE_CHECKING:
    from tvmgitlib.library.outlines import Spot
    from tvmgitlib.store import Snapshot

#: The file of what is known, in the user's own cache.
_FILE = "ahead"

#: What is noted of jobs among which there is no such place.
_NOWHERE = "-"

#: Of so many places, and more, nothing is remembered: only the index finds one among them quickly.
_MOST = 256


class Ahead:
    """The places of one commit where a best config may be too far ahead; more than where it is.

    Args:
        digests: what tells them from others.
    """

    def __init__(self, digests: Collection[str]) -> None:
        self._digests = frozenset(digests) - {_NOWHERE}

    def __contains__(self, spot: Spot) -> bool:
        return bool(self._digests) and _digest(spot) in self._digests


def known_ahead(snapshot: Snapshot) -> Ahead | None:
    """What is remembered of the jobs of a commit; None where that is nothing."""
    found = Memory(snapshot.state, _FILE).noted_anywhere(_claim(snapshot))
    return Ahead(found[0].split(",")) if found else None


def remember_ahead(snapshot: Snapshot, spots: Collection[Spot]) -> None:
    """Take down where a best config may be too far ahead.

    Args:
        snapshot: a commit.
        spots: all such places among its jobs.
    """
    if len(spots) < _MOST:
        Memory(snapshot.state, _FILE).add(_claim(snapshot), ",".join(sorted(map(_digest, spots))) or _NOWHERE)


def _claim(snapshot: Snapshot) -> str:
    """What is said, as a digest: by the rules of this version, of these jobs."""
    jobs = snapshot.entry("jobs")
    return sha256(json.dumps([__version__, jobs.oid if jobs else None]).encode()).hexdigest()


def _digest(spot: Spot) -> str:
    return sha256(json.dumps(spot).encode()).hexdigest()[:16]
