"""Merging a branch: the union of both sides' jobs, folded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from tvmgitlib.errors import SelectionError
from tvmgitlib.library.changes.change import fold_change
from tvmgitlib.library.changes.decision import Decision, Instead, decide_and_commit
from tvmgitlib.library.changes.folded import Folded
from tvmgitlib.library.changes.messages import message, plural
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.store import Committed, Repository, merge_base


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did.

    Attributes:
        kind: `merge`, `fast-forward`, or `up-to-date`.
        commit: the commit of the branch now.
        jobs: ids of the jobs that came in.
        dropped: ids of the jobs that the other side had removed by plain Git.
        improved: groups whose best record changed.
        left_alone: files of the work tree that stay as the user changed them.
    """

    kind: Literal["merge", "fast-forward", "up-to-date"]
    commit: str
    jobs: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    improved: int = 0
    left_alone: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def merge(repository: Repository, branch: str) -> Merged:
    """Merge a branch (or any commit) into the current one.

    Raises:
        SelectionError: it names no commit.
        SettingsError: both changed one setting, each to another value.
        TvmgitlibError: see `combine`.
    """
    theirs = repository.resolve(branch)
    if theirs is None:
        raise SelectionError(f"{branch!r} names no commit", hint="git branch --all shows the branches.")

    def decide(contents: Contents) -> Decision[Merged] | Instead[Merged]:
        tip = contents.snapshot.commit
        base = merge_base(repository, tip, theirs) if tip is not None else None
        if base == theirs:
            return Instead(Merged("up-to-date", theirs))
        with repository.snapshot(base) as parted, repository.snapshot(theirs) as other:
            incoming = Contents(other)
            change = combine(repository, parted, contents, incoming)
            jobs, dropped = tuple(segment.header.id for segment in change.added), tuple(sorted(change.dropped))
            if base == tip and incoming.is_fresh:
                improved = fold_change(contents, change).improved
                return Instead(Merged("fast-forward", theirs, jobs, dropped, improved))
        merged = Merged("merge", theirs, jobs, dropped)
        return Decision(merged, change, lambda folded: _message(branch, merged, folded), also_parents=(theirs,))

    done = decide_and_commit(repository, decide)
    if not isinstance(done, Merged):
        commit, left_alone = done.committed.commit, done.committed.left_alone
        return replace(done.about, commit=commit, improved=done.folded.improved, left_alone=left_alone)
    if done.kind == "up-to-date":
        return replace(done, commit=repository.head or theirs)
    forwarded = _fast_forward(repository, theirs, branch)
    # The branch moved meanwhile: there is something to merge now.
    return merge(repository, branch) if forwarded is None else replace(done, left_alone=forwarded.left_alone)


def _fast_forward(repository: Repository, theirs: str, branch: str) -> Committed | None:
    """Move the branch to a commit that is ahead of it; None when it is not ahead any more."""
    tip = repository.head
    if tip is None or merge_base(repository, tip, theirs) != tip:
        return None
    return repository.advance(tip, theirs, f"merge {branch}: fast-forward")


def _message(branch: str, merged: Merged, folded: Folded) -> str:
    subject = f"Merge {branch}: {plural(len(merged.jobs), 'job')}"
    trailers = {"Tvmgitlib-Merged-Jobs": str(len(merged.jobs)), "Tvmgitlib-Improved": str(folded.improved)}
    return message(subject, [], trailers)
