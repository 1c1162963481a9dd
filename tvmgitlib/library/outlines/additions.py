"""Which commit of a history added each job: walked once, and from then on only as far as the history has grown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tvmgitlib.library.outlines.facts import Addition
from tvmgitlib.model import JOBS, job_at
from tvmgitlib.store import Repository, commits_touching, has_merges, is_ancestor

if TYPE_CHECKING:
    from tvmgitlib.library.outlines.database import Database


def bring_history(database: Database, repository: Repository, commit: str) -> None:
    """Let the index know which commit added each job of a commit's history: of several, the one that a walk from the
    commit backwards meets first.

    Args:
        database: an index, whose jobs are those of the commit.
        repository: the repository.
        commit: the commit; its history must be all here.

    Raises:
        sqlite3.Error: as `Database`.
        GitError: Git cannot read the history.
    """
    known = database.history
    if known == commit:
        return
    with database.changing():
        if known and is_ancestor(repository, known, commit):
            new: dict[str, Addition] = {}
            for addition in _additions(repository, commit, known):
                new.setdefault(addition.job, addition)
            # Whether a walk meets a job's commit here or on the other side of a merge first, only that walk can say.
            if not (database.has_additions(new) and has_merges(repository, known, commit)):
                database.add_additions(new.values(), are_newer=True)
                database.history = commit
                return
        database.clear_additions()
        database.add_additions(_additions(repository, commit), are_newer=False)
        database.history = commit


def _additions(repository: Repository, commit: str, since: str | None = None) -> Iterator[Addition]:
    for touching in commits_touching(repository, commit, JOBS, since=[since] if since else ()):
        for delta in touching.deltas:
            job = job_at(delta.path) if delta.status == "A" else None
            if job is not None:
                yield Addition(job, touching.id, touching.date, touching.author)
