"""Clones that leave file contents with their remote: what is needed is fetched with a commit, never on reading."""

from __future__ import annotations

from tvmgitlib.library.changes.sharing.needed_segments import needs_others, of_jobs, winners
from tvmgitlib.library.folding import take_word
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import JOBS
from tvmgitlib.store import (
    TREE_MODE,
    Repository,
    Snapshot,
    fetch_objects,
    leaves_objects,
    leaves_out_jobs,
    missing_objects,
)


def only_builds(repository: Repository, remote: str) -> bool:
    """Whether a clone holds what builds need, and no more of jobs/."""
    return leaves_out_jobs(repository) and leaves_objects(repository, remote)


def fetch_needed(repository: Repository, remote: str, commit: str) -> None:
    """Fetch what the work tree and a build need of a commit, as far as it was left with the remote.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses.
        LibraryError: the commit has something that a library must not have.
    """
    if not leaves_objects(repository, remote):
        return
    missing = missing_objects(repository, commit)
    if not leaves_out_jobs(repository):
        fetch_objects(repository, remote, missing)
        return
    with repository.snapshot(commit) as snapshot:
        fetch_objects(repository, remote, missing & _outside_jobs(snapshot))
        contents = Contents(snapshot)
        near = missing & {entry.oid for _, entry in winners(contents)}
        fetch_objects(repository, remote, near)
        if needs_others(contents):
            fetch_objects(repository, remote, (missing & {entry.oid for _, entry in of_jobs(contents)}) - near)
            return
        left = (missing & {entry.oid for _, entry in contents.segment_files()}) - near
        if left:
            take_word(contents, min(left))


def _outside_jobs(snapshot: Snapshot) -> set[str]:
    found = set()
    for entry in snapshot.folder(""):
        if entry.mode != TREE_MODE:
            found.add(entry.oid)
        elif entry.name != JOBS:
            found |= {below.oid for _, below in snapshot.entries(entry.name)}
    return found
