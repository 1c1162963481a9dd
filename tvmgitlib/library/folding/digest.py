"""The digest of all jobs of a commit, worked out once for each of their trees."""

from __future__ import annotations

from typing import Final

from tvmgitlib.library.folding.memory import Memory
from tvmgitlib.model import JOBS
from tvmgitlib.store import Snapshot

#: The file in the user's cache with the digests, by trees.
_FILE: Final = "digests"


def jobs_digest(snapshot: Snapshot) -> str:
    """SHA-256 over the files of jobs/, see `Snapshot.digest`: of a tree that was seen before nothing is read.

    Raises:
        LibraryError: as `Snapshot.digest`.
    """
    tree = snapshot.entry(JOBS)
    memory, name = Memory(snapshot.state, _FILE), tree.oid if tree is not None else JOBS
    known = memory.noted_with(name)
    found = known[0] if known else snapshot.digest(JOBS)
    if not known:
        memory.add(name, found)
    return found
