"""Pushing jobs to a branch of their own, for review on a host."""

from __future__ import annotations

from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.library.changes.sharing.exchange import Synced, attempts, head_of
from tvmgitlib.library.changes.sharing.replaying import replay, replay_one
from tvmgitlib.library.reading import new_jobs
from tvmgitlib.model import GitError, job_at
from tvmgitlib.store import (
    Outcome,
    Pushed,
    Repository,
    Snapshot,
    Upstream,
    Writer,
    differences,
    divergence,
    fetch,
    is_ancestor,
    push,
    upstream,
)


def propose(repository: Repository, branch: str) -> Synced:
    """Push local jobs and settings to a branch for review, without configs/: such commits never conflict on a host.

    A proposal of one's own that is there is extended by what is not in it; when nothing is, nothing happens. The local
    branch stays as it is; when the proposal is merged, `sync` finds the jobs there.

    Raises:
        GitError: as `sync`; also when the branch has something else.
    """
    source = upstream(repository)
    if branch == source.branch:
        raise GitError(
            f"{branch} is the branch that the jobs are proposed for",
            hint="Propose under another name; tvmgitlib sync pushes to the branch itself.",
        )
    with repository.writer() as writer:
        for tries in attempts(source):
            try:
                theirs = fetch(repository, source)
                there = fetch(repository, Upstream(source.remote, branch))
            except ConnectionError as error:
                tries.last = str(error)
                continue
            tip = _extend(repository, writer, theirs, there, branch)
            pushed = push(repository, source, tip, branch) if tip != there else Pushed(Outcome.DONE)
            if pushed.outcome is Outcome.DONE:
                sent = new_jobs(repository, theirs, tip) & new_jobs(repository, there, tip)
                return Synced(source.remote, branch, tip, tuple(sorted(sent)), tries=tries.number)
            tries.last = pushed.said
    raise AssertionError  # attempts raises when patience ends


def _extend(repository: Repository, writer: Writer, theirs: str | None, there: str | None, branch: str) -> str:
    """The tip of a proposal that has what is local and not in `theirs`, on top of the proposal that is there."""
    local = head_of(repository)
    if there is None or theirs is None or is_ancestor(repository, there, theirs):
        return replay(repository, writer, local, theirs, with_configs=False)
    if not _is_own(repository, there, theirs, local):
        raise GitError(
            f"the remote's branch {branch} has something else, or somebody else's jobs",
            hint="Propose under another name: --propose NAME.",
        )
    tip = there
    for commit in divergence(repository, local, theirs).ahead:
        tip = replay_one(repository, writer, commit, tip, with_configs=False)
    return tip


def _is_own(repository: Repository, there: str, theirs: str, local: str) -> bool:
    """Whether all that the commits of a proposal bring is here as well: who made it had this library."""
    if new_jobs(repository, theirs, there) & new_jobs(repository, local, there):
        return False
    with repository.snapshot(local) as here:
        for commit in divergence(repository, there, theirs).ahead:
            parents = repository.commit_at(commit).parents
            with repository.snapshot(parents[0] if parents else None) as before, repository.snapshot(commit) as after:
                touched = [(path, new) for path, _, new in differences(before, after)]
            if not touched or not all(_is_here(here, path, oid) for path, oid in touched):
                return False
    return True


def _is_here(here: Snapshot, path: str, oid: str | None) -> bool:
    """Whether a file of a proposal is the library's (jobs were looked at as such), or the same here."""
    entry = here.entry(path)
    return path == SETTINGS_FILE or job_at(path) is not None or (entry.oid if entry else None) == oid
