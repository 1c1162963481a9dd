"""Making commits again on top of another tip, as if they had been made there."""

from __future__ import annotations

from msgspec.structs import replace

from tvmgitlib.library.changes.change import draft_change, fold_change, note_fold
from tvmgitlib.library.changes.union import combine
from tvmgitlib.library.reading import Contents, is_derived
from tvmgitlib.store import Repository, Writer, divergence


def replay(
    repository: Repository,
    writer: Writer,
    local: str,
    onto: str | None,
    *,
    with_configs: bool = True,
    leaving: str | None = None,
) -> str:
    """Make the local commits again on top of another tip, and return the new tip.

    Commits whose jobs are there already vanish; merges are flattened; when nothing is local, the answer is `onto`.

    Args:
        repository: where.
        writer: writes the commits.
        local: the local tip.
        onto: the tip to build on; None for an empty remote, which takes the local history as it is.
        with_configs: whether configs/ is folded in every commit; proposals leave it as it is in `onto`.
        leaving: a tip that both built on once, and `onto` has left: what is in its history is not made again.

    Raises:
        TvmgitlibError: a commit does not go together with the tip.
    """
    if onto is None:
        return local
    own = divergence(repository, local, leaving or onto)
    if leaving is None and with_configs and own.ahead and not own.has_merges and not own.is_behind:
        return local
    tip = onto
    for commit in own.ahead:
        tip = replay_one(repository, writer, commit, tip, with_configs)
    return tip


def replay_one(repository: Repository, writer: Writer, commit: str, tip: str, with_configs: bool) -> str:
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
    if with_configs:
        note_fold(repository, made)
    same = repository.commit_at(made).tree == repository.commit_at(tip).tree
    return tip if same else made
