"""Merging a branch: the union of both sides' jobs, folded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tvmgitlib.errors import SelectionError
from tvmgitlib.library.changes.change import draft_change, fold_change
from tvmgitlib.library.changes.messages import message, plural
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.reading.contents import Contents
from tvmgitlib.store import Draft, Repository, Snapshot, merge_base


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
    result: Merged | None = None
    tip = ""

    def draft(snapshot: Snapshot) -> Draft | None:
        nonlocal result, tip
        assert snapshot.commit is not None  # a library has a commit
        tip = snapshot.commit
        base = merge_base(repository, snapshot.commit, theirs)
        if base == theirs:
            result = Merged("up-to-date", snapshot.commit)
            return None
        with repository.snapshot(base) as parted, repository.snapshot(theirs) as other:
            contents, incoming = Contents(snapshot), Contents(other)
            change = combine(repository, parted, contents, incoming)
            folded = fold_change(contents, change)
            jobs = tuple(segment.header.id for segment in change.added)
            forward = base == snapshot.commit and incoming.is_fresh
            result = Merged(
                "fast-forward" if forward else "merge", theirs, jobs, tuple(sorted(change.dropped)), folded.improved
            )
            if forward:
                return None
            subject = f"Merge {branch}: {plural(len(jobs), 'job')}"
            trailers = {"Tvmgitlib-Merged-Jobs": str(len(jobs)), "Tvmgitlib-Improved": str(folded.improved)}
            return draft_change(contents, change, folded, message(subject, [], trailers), also_parents=(theirs,))

    made = repository.commit(draft)
    assert result is not None  # the draft sets it
    if result.kind == "fast-forward":
        made = repository.advance(tip, theirs, f"merge {branch}: fast-forward")
        if made is None:  # the branch moved meanwhile: there is something to merge now
            return merge(repository, branch)
    if made is None:
        return result
    return Merged(result.kind, made.commit, result.jobs, result.dropped, result.improved, made.left_alone)
