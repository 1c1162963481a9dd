"""A plain repository, and short words for committing into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib.store import Committed, Draft, Repository, create_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository in `tmp_path/repository`."""
    return create_repository(tmp_path / "repository")


@pytest.fixture
def commit() -> Callable[..., Committed]:
    """Commit files: `commit(repository, {"jobs/ab/one.jsonl": b"text"})`; None removes one."""

    def run(repository: Repository, files: dict[str, bytes | None], message: str = "A job\n") -> Committed:
        made = repository.commit(lambda _: Draft(message, files))
        assert made is not None
        return made

    return run
