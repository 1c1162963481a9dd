"""Merging a branch: the union of both sides' jobs, folded."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from tvmgitlib.library.changes.arriving import altered_signatures, require_sound
from tvmgitlib.library.changes.change import fold_change
from tvmgitlib.library.changes.decision import Decided, Decision, Instead, decide_and_commit
from tvmgitlib.library.changes.messages import message
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.folding import Folded
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import SelectionError, plural
from tvmgitlib.store import Repository, merge_base


class Merged(Struct, frozen=True):
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
    """Merge a branch (or any commit) into the current one. Signatures that either has, and that prove something, stay.

    Raises:
        SelectionError: it names no commit.
        SettingsError: both changed one setting, each to another value.
        TvmgitlibError: see `require_sound` and `combine`.
    """
    theirs = repository.resolve(branch)
    if theirs is None:
        raise SelectionError(f"{branch!r} names no commit", hint="git branch --all shows the branches.")

    def decide(contents: Contents) -> Decision[Merged] | Instead[tuple[Merged, str]]:
        tip = contents.snapshot.commit
        assert tip is not None  # a library has a commit
        base = merge_base(repository, tip, theirs)
        if base == theirs:
            return Instead((Merged("up-to-date", tip), tip))
        require_sound(repository, theirs, tip)
        with repository.snapshot(base) as parted, repository.snapshot(theirs) as other:
            incoming = Contents(other)
            change = combine(repository, parted, contents, incoming, regains=True)
            jobs, dropped = tuple(segment.header.id for segment in change.added), tuple(sorted(change.dropped))
            loses = altered_signatures(repository, theirs, tip)
            if base == tip and not loses and incoming.is_fresh:
                improved = fold_change(contents, change).improved
                return Instead((Merged("fast-forward", theirs, jobs, dropped, improved), tip))
        merged = Merged("merge", theirs, jobs, dropped)
        return Decision(merged, change, lambda folded: _message(branch, merged, folded), also_parents=(theirs,))

    done = decide_and_commit(repository, decide)
    if isinstance(done, Decided):
        commit, left_alone = done.committed.commit, done.committed.left_alone
        return replace(done.about, commit=commit, improved=done.folded.improved, left_alone=left_alone)
    merged, tip = done
    if merged.kind == "up-to-date":
        return merged
    forwarded = repository.advance(tip, theirs, f"merge {branch}: fast-forward")
    if forwarded is None:  # the branch moved meanwhile: there is something to merge now
        return merge(repository, branch)
    return replace(merged, left_alone=forwarded.left_alone)


def _message(branch: str, merged: Merged, folded: Folded) -> str:
    subject = f"Merge {branch}: {plural(len(merged.jobs), 'job')}"
    trailers = {"Tvmgitlib-Merged-Jobs": str(len(merged.jobs)), "Tvmgitlib-Improved": str(folded.improved)}
    return message(subject, [], trailers)
