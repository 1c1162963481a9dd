"""Bringing the index to the jobs of a commit, by the difference of trees: only segments that came since are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tvmgitlib.library.outlines.facts import Facts
from tvmgitlib.model import JOBS, counted, job_at, segment_path
from tvmgitlib.store import TREE_MODE, Bounds, Entry, Snapshot, require_plain

if TYPE_CHECKING:
    from tvmgitlib.library.outlines.database import Database

#: So many removed jobs are worth keeping the index for the other commit from now on, not for the one before, though
#: nothing is there but somebody's question.
_ANOTHER_HISTORY = 1000


class Difference(NamedTuple):
    """What tells the jobs of two commits apart.

    Attributes:
        gone: ids of jobs that are only in the first, or are another text there.
        come: what is only in the second, or is another text there: ids and blobs.
    """

    gone: list[str]
    come: dict[str, str]


def bring(database: Database, snapshot: Snapshot, tree: str) -> Database:
    """The index of the jobs in a commit: the one given, brought up to date, or a copy where that is of a newer commit,
    and this one is not where the repository is: a branch that was reset or switched is asked again and again.

    Args:
        database: the index as it is.
        snapshot: the commit.
        tree: the id of its jobs/ tree; empty where it has none.

    Raises:
        sqlite3.Error: as `Database`.
        LibraryError: something else than a plain file is under jobs/.
        RecordError: a segment is malformed.
    """
    if database.tree == tree:
        return database
    with suppress(sqlite3.OperationalError), database.changing():  # another process writes it, or we may only read it
        found = _difference(snapshot, database, tree)
        if not found.gone or len(found.gone) > _ANOTHER_HISTORY or snapshot.is_head:
            _apply(database, snapshot, found, tree)
            return database
    copy = database.copy()
    try:
        with copy.changing():
            _apply(copy, snapshot, _difference(snapshot, copy, tree), tree)
    except BaseException:
        copy.close()
        raise
    return copy


def _difference(snapshot: Snapshot, database: Database, tree: str) -> Difference:
    if database.tree and not snapshot.has(database.tree):  # collected by Git since
        known = dict(database.jobs())
        there = {job: entry.oid for path, entry in snapshot.files(JOBS) if (job := job_at(path)) is not None}
        return Difference(
            [job for job, oid in known.items() if there.get(job) != oid],
            {job: oid for job, oid in there.items() if known.get(job) != oid},
        )
    gone: list[str] = []
    come: dict[str, str] = {}
    for path, was, now in _changed(snapshot, database.tree, tree, f"{JOBS}/", Bounds(JOBS)):
        job = job_at(path)
        if now is not None:
            require_plain(path, now)
        if job is not None:
            if was is not None:
                gone.append(job)
            if now is not None:
                come[job] = now.oid
    return Difference(gone, come)


def _changed(
    snapshot: Snapshot, old: str, new: str, prefix: str, bounds: Bounds
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The files that differ between two trees, by path, with what each has there."""
    before, after = ({entry.name: entry for entry in _entries(snapshot, tree)} for tree in (old, new))
    bounds.enter(prefix.count("/") - 1, len(before) + len(after))
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        trees = [entry.oid if entry is not None and entry.mode == TREE_MODE else "" for entry in (was, now)]
        for tree in trees:
            bounds.step(prefix.count("/"), tree or None)
        if any(trees):
            yield from _changed(snapshot, trees[0], trees[1], f"{prefix}{name}/", bounds)
        files = [None if entry is None or entry.mode == TREE_MODE else entry for entry in (was, now)]
        if any(files):
            yield prefix + name, files[0], files[1]


def _entries(snapshot: Snapshot, tree: str) -> list[Entry]:
    return snapshot.below(Entry(TREE_MODE, "", tree)) if tree else []


def _apply(database: Database, snapshot: Snapshot, found: Difference, tree: str) -> None:
    database.remove(found.gone)
    files = [(segment_path(job), Entry("", "", oid)) for job, oid in sorted(found.come.items())]
    pairs = counted("indexing jobs", zip(files, snapshot.contents(files), strict=True), len(files))
    database.add((entry.oid, Facts.of(content, path)) for (path, entry), (_, content) in pairs)
    database.tree = tree
