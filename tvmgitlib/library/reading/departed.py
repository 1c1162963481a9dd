"""Segments that are not, or no longer, what their job committed: nobody but plain Git does that."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.model import JOBS, job_at
from tvmgitlib.store import Repository, TouchingCommit, commits_touching, require_whole


class Departure(Struct, frozen=True):
    """A segment that somebody changed or removed.

    Attributes:
        job: its job.
        path: where it is, or was.
        original: id of the blob that its job committed.
        added: the commit that did so.
        by: the commit that changed or removed it.
        removed: whether it is gone.
    """

    job: str
    path: str
    original: str
    added: str
    by: TouchingCommit
    removed: bool


def departures(repository: Repository, contents: Contents) -> list[Departure]:
    """The segments that are not as they were committed, by path, as far as the history here shows them.

    A change that was undone since is none.
    """
    first: dict[str, tuple[str, str]] = {}
    since: defaultdict[str, dict[str | None, TouchingCommit]] = defaultdict(dict)
    walk = commits_touching(repository, contents.snapshot.commit, JOBS, each_parent=True, oldest_first=True)
    for commit in walk:
        for delta in commit.deltas:
            if delta.path not in first and delta.new is not None:
                first[delta.path] = (delta.new, commit.id)
            elif delta.path in first and delta.new == first[delta.path][0]:
                since[delta.path].clear()
            else:  # a merge shows it again, seen from its other parent: the first to do it is to blame
                since[delta.path].setdefault(delta.new, commit)
    found = []
    for path, (original, added) in sorted(first.items()):
        job, entry = job_at(path), contents.snapshot.entry(path)
        by = since[path].get(entry.oid if entry else None) if path in since else None
        if job is not None and by is not None and (entry is None or entry.oid != original):
            found.append(Departure(job, path, original, added, by, removed=entry is None))
    return found


def removed_segments(repository: Repository, contents: Contents) -> list[Departure]:
    """The segments that plain Git removed, for good so far.

    Raises:
        GitError: the history is cut off, so it does not show them.
    """
    require_whole(repository, contents.snapshot.commit, "what was removed cannot be seen")
    return [departure for departure in departures(repository, contents) if departure.removed]
