"""Sharing with a remote: fetch, replay what is local on the remote's tip, push; over again until it is there.

No merge commits come of it: every local commit is made again on top of what others pushed meanwhile, its jobs added and
configs/ folded, as if it had been made there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from tvmgitlib.errors import GitError
from tvmgitlib.library.changes.change import draft_change, fold_change
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.reading import Contents, is_derived
from tvmgitlib.model import job_at
from tvmgitlib.store import (
    PushOutcome,
    Repository,
    Upstream,
    Writer,
    divergence,
    fetch,
    push,
    upstream,
)

#: How long to go on while the remote moves or cannot be reached, in seconds.
_PATIENCE = 120.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Synced:
    """What was exchanged with the remote.

    Attributes:
        remote, branch: with which.
        commit: the commit that both have now (with `propose`: the commit that was pushed).
        sent: ids of the jobs that the remote has now and had not before.
        received: ids of the jobs that came from it.
        tries: how many pushes or fetches it took.
        left_alone: files of the work tree that stay as the user changed them.
        histories_sent, histories_received: ids of the jobs whose whole logs were exchanged, where that was asked for.
    """

    remote: str
    branch: str
    commit: str
    sent: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    tries: int = 1
    left_alone: tuple[str, ...] = ()
    histories_sent: tuple[str, ...] = ()
    histories_received: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def sync(repository: Repository) -> Synced:
    """Exchange jobs with the remote branch that the current branch follows.

    Raises:
        GitError: there is no remote, it refuses, or it could not be reached for two minutes.
        TvmgitlibError: a local commit does not go together with the remote (see `combine`).
    """
    source = upstream(repository)
    with_before: set[str] | None = None
    with repository.writer() as writer:
        for tries in _attempts(source):
            try:
                theirs = fetch(repository, source)
            except ConnectionError as error:
                tries.last = str(error)
                continue
            local = _head(repository)
            jobs_there = _jobs(repository, theirs)
            with_before = jobs_there if with_before is None else with_before
            tip = replay(repository, writer, local, theirs)
            if tip != theirs:
                pushed = push(repository, source, tip)
                if pushed.outcome is not PushOutcome.DONE:
                    tries.last = pushed.said
                    continue
            made = repository.advance(local, tip, f"sync with {source.remote}") if tip != local else None
            if tip != local and made is None:
                continue  # another job was committed meanwhile: it is to be sent too
            jobs_here = _jobs(repository, local)
            return Synced(
                remote=source.remote,
                branch=source.branch,
                commit=tip,
                sent=tuple(sorted(jobs_here - with_before)),
                received=tuple(sorted(jobs_there - jobs_here)),
                tries=tries.number,
                left_alone=made.left_alone if made else (),
            )
    raise AssertionError  # _attempts raises when patience ends


def propose(repository: Repository, branch: str) -> Synced:
    """Push local jobs and settings to a branch for review, without configs/: such commits never conflict on a host.

    The local branch stays as it is; when the proposal is merged, `sync` finds the jobs there.

    Raises:
        GitError: as `sync`; also when the branch is there already with something else.
    """
    source = upstream(repository)
    with repository.writer() as writer:
        for tries in _attempts(source):
            try:
                theirs = fetch(repository, source)
            except ConnectionError as error:
                tries.last = str(error)
                continue
            tip = replay(repository, writer, _head(repository), theirs, with_configs=False)
            pushed = push(repository, source, tip, branch)
            if pushed.outcome is PushOutcome.DONE:
                sent = _jobs(repository, tip) - _jobs(repository, theirs)
                return Synced(source.remote, branch, tip, tuple(sorted(sent)), tries=tries.number)
            if pushed.outcome is PushOutcome.MOVED:
                raise GitError(
                    f"the remote's branch {branch} has something else",
                    hint="Propose under another name: --propose NAME.",
                )
            tries.last = pushed.said
    raise AssertionError  # _attempts raises when patience ends


def replay(repository: Repository, writer: Writer, local: str, onto: str | None, *, with_configs: bool = True) -> str:
    """Make the local commits again on top of another tip, and return the new tip.

    Commits whose jobs are there already vanish; merges are flattened; when nothing is local, the answer is `onto`.

    Args:
        repository: where.
        writer: writes the commits.
        local: the local tip.
        onto: the tip to build on; None for an empty remote, which takes the local history as it is.
        with_configs: whether configs/ is folded in every commit; proposals leave it as it is in `onto`.

    Raises:
        TvmgitlibError: a commit does not go together with the tip.
    """
    if onto is None:
        return local
    own = divergence(repository, local, onto)
    if with_configs and own.ahead and not own.has_merges and not own.is_behind:
        return local
    tip = onto
    for commit in own.ahead:
        tip = _replay_one(repository, writer, commit, tip, with_configs)
    return tip


def _replay_one(repository: Repository, writer: Writer, commit: str, tip: str, with_configs: bool) -> str:
    """One commit on top of a tip; the tip itself when the commit adds nothing to it."""
    original = repository.commit_at(commit)
    parent = original.parents[0] if original.parents else None
    with repository.snapshot(parent) as base, repository.snapshot(tip) as onto, repository.snapshot(commit) as theirs:
        ours = Contents(onto)
        change = combine(repository, base, ours, Contents(theirs))
        folded = fold_change(ours, change)
        message = original.message.rstrip("\n") + "\n"
        draft = draft_change(ours, change, folded, message, author=original.author)
        if not with_configs:
            files = {path: content for path, content in draft.files.items() if not is_derived(path)}
            draft = replace(draft, files=files, derive=None)
        made = writer.write(onto, draft)
    same = repository.commit_at(made).tree == repository.commit_at(tip).tree
    return tip if same else made


def _head(repository: Repository) -> str:
    head = repository.head
    assert head is not None  # a library has a commit
    return head


def _jobs(repository: Repository, commit: str | None) -> set[str]:
    """The ids of the jobs of a commit."""
    with repository.snapshot(commit) as snapshot:
        return {job for path, _ in snapshot.entries("jobs") if (job := job_at(path)) is not None}


@dataclass(slots=True)
class _Try:
    number: int
    last: str = ""


def _attempts(source: Upstream) -> Iterator[_Try]:
    """Tries with growing pauses, until patience ends.

    Raises:
        GitError: then, with the reason of the last failure.
    """
    start, attempt = time.monotonic(), _Try(0)
    while True:
        attempt.number += 1
        yield attempt
        if time.monotonic() - start > _PATIENCE:
            raise GitError(
                f"no exchange with {source.remote} for {_PATIENCE:.0f} seconds: {attempt.last}",
                hint="Every job is committed here; tvmgitlib sync sends them later.",
            )
        time.sleep(random.uniform(0.5, 1) * min(_FIRST_PAUSE * 1.5**attempt.number, _LONGEST_PAUSE))
