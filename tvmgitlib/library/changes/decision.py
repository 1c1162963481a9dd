"""Deciding what to commit against the tip of the branch, and knowing afterwards what was decided.

The tip may move while a commit is made; then the decision is made anew. What comes back is of the one that counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from tvmgitlib.library.changes.change import draft_change, fold_change, note_fold
from tvmgitlib.library.folding import Change, Folded
from tvmgitlib.library.reading import Contents
from tvmgitlib.store import Committed, Draft, Repository, Snapshot

About = TypeVar("About")
Answer = TypeVar("Answer")


class Decision(Struct, Generic[About], frozen=True):
    """What is to be committed.

    Attributes:
        about: what whoever asked is told of the decision.
        change: the change.
        words: the commit's message, given configs/ before and after.
        also_parents: parents of the commit beside the tip.
    """

    about: About
    change: Change
    words: Callable[[Folded], str]
    also_parents: tuple[str, ...] = ()


class Instead(Struct, Generic[Answer], frozen=True):
    """Nothing is to be committed: this is the answer."""

    answer: Answer


class Decided(Struct, Generic[About], frozen=True):
    """A decision that was committed.

    Attributes:
        about: as decided.
        folded: configs/ before and after.
        committed: the commit.
    """

    about: About
    folded: Folded
    committed: Committed


def decide_and_commit(
    repository: Repository, decide: Callable[[Contents], Decision[About] | Instead[Answer]]
) -> Decided[About] | Answer:
    """Commit what is decided.

    Args:
        repository: the library's.
        decide: given the library at the tip; called again when the tip moved meanwhile.

    Returns:
        The decision that was committed; or the answer that there is instead.

    Raises:
        TvmgitlibError: whatever `decide` raises; or Git cannot commit, see `Repository.commit`.
    """
    decisions: list[tuple[Decision[About], Folded]] = []
    answers: list[Answer] = []

    def draft(snapshot: Snapshot) -> Draft | None:
        contents = Contents(snapshot)
        decision = decide(contents)
        if isinstance(decision, Instead):
            answers.append(decision.answer)
            return None
        folded = fold_change(contents, decision.change)
        decisions.append((decision, folded))
        words = decision.words(folded)
        return draft_change(contents, decision.change, folded, words, also_parents=decision.also_parents)

    committed = repository.commit(draft)
    if committed is None:
        return answers[-1]
    note_fold(repository, committed.commit)
    decision, folded = decisions[-1]
    return Decided(decision.about, folded, committed)
