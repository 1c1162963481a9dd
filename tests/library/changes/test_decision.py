from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.changes.decision import Decided, Decision, Instead, decide_and_commit
from tvmgitlib.library.folding import Change
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import SelectionError


def jobs_of(contents: Contents) -> int:
    return len(contents.outlines)


def adding(build: Any, job: int, about: Any = None) -> Decision[Any]:
    segment = build.segment(job, [build.record(job)])
    return Decision(about, Change(added=[segment]), lambda folded: f"Add {folded.improved} configs\n")


def test_what_is_decided_is_committed_and_told(library: ConfigLibrary, build: Any, git: Callable[..., str]) -> None:
    decided = decide_and_commit(library._view.writable, lambda contents: adding(build, 1, jobs_of(contents)))
    assert isinstance(decided, Decided)
    assert decided.about == 0
    assert decided.committed.commit == git(library.path, "rev-parse", "HEAD").strip()
    assert git(library.path, "log", "-1", "--format=%s").strip() == "Add 1 configs"
    assert (len(decided.folded.left), len(decided.folded.entered)) == (0, 1)
    assert library.check() == []


def test_an_answer_instead_commits_nothing(library: ConfigLibrary, git: Callable[..., str]) -> None:
    tip = git(library.path, "rev-parse", "HEAD")
    assert decide_and_commit(library._view.writable, lambda _: Instead("nothing new")) == "nothing new"
    assert git(library.path, "rev-parse", "HEAD") == tip


def test_an_error_commits_nothing(library: ConfigLibrary, git: Callable[..., str]) -> None:
    tip = git(library.path, "rev-parse", "HEAD")

    def decide(_: Contents) -> Decision[None]:
        raise SelectionError("no such job")

    with pytest.raises(SelectionError, match="no such job"):
        decide_and_commit(library._view.writable, decide)
    assert git(library.path, "rev-parse", "HEAD") == tip
    library.configure("keep", 2)  # the lock is free again


def test_the_decision_that_counts_is_the_one_on_the_tip_it_landed_on(library: ConfigLibrary, build: Any) -> None:
    seen = []

    def decide(contents: Contents) -> Decision[int]:
        seen.append(jobs_of(contents))
        return adding(build, 10 + len(seen), about=seen[-1])

    first = decide_and_commit(library._view.writable, decide)
    second = decide_and_commit(library._view.writable, decide)
    assert isinstance(first, Decided)
    assert isinstance(second, Decided)
    assert (first.about, second.about, seen) == (0, 1, [0, 1])
    assert library.check() == []
