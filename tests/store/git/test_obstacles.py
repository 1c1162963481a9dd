"""What a silent Git waits for is named; what else is there is nobody's business."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tvmgitlib.model import GitError
from tvmgitlib.store import Repository
from tvmgitlib.store.git.obstacles import require_answers, require_readable


@pytest.fixture
def waiting() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that wait for a pipe."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def pipe(path: Path, waiting: list[subprocess.Popen[bytes]] | None = None) -> None:
    """Make a pipe that somebody waits for, if at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if waiting is not None:
        waiting.append(subprocess.Popen(["cat", path]))


@pytest.mark.parametrize(
    "name", [".git/shallow", ".git/objects/ab/cd", ".git/refs/heads/a/b", ".gitattributes", "jobs/ab/.gitattributes"]
)
@pytest.mark.parametrize("below", ["", "jobs/ab"])
def test_a_pipe_that_somebody_waits_for_is_named(
    repository: Repository, waiting: list[subprocess.Popen[bytes]], name: str, below: str
) -> None:
    (repository.root / "jobs" / "ab").mkdir(parents=True)
    pipe(repository.root / name, waiting)
    with pytest.raises(GitError, match="a pipe, for which Git would wait for ever") as caught:
        wait_until_named(repository.root / below)
    assert name in str(caught.value)


def wait_until_named(folder: Path) -> None:
    """Look until the process has come to open its pipe."""
    for _ in range(10_000):
        require_answers(folder)


def test_a_pipe_that_nobody_waits_for_is_not(repository: Repository, waiting: list[subprocess.Popen[bytes]]) -> None:
    pipe(repository.root / ".git" / "watched")
    pipe(repository.root / ".gitignore")
    pipe(repository.root / "run" / "control", waiting)  # the user's own
    require_answers(repository.root)
    (repository.root / ".git" / "watched").unlink()
    require_readable(repository.root)


def test_it_is_before_anybody_waits(repository: Repository) -> None:
    pipe(repository.root / ".git" / "refs" / "heads" / "x")
    with pytest.raises(GitError, match="heads/x"):
        require_readable(repository.root)


def test_one_that_somebody_waits_to_write_into_is_named(
    repository: Repository, waiting: list[subprocess.Popen[bytes]]
) -> None:
    pipe(repository.root / ".git" / "logs" / "HEAD")
    waiting.append(subprocess.Popen(["sh", "-c", 'exec echo >"$0"', repository.root / ".git" / "logs" / "HEAD"]))
    with pytest.raises(GitError, match="logs/HEAD"):
        wait_until_named(repository.root)


@pytest.mark.parametrize("name", ["packed-refs", "logs/HEAD", "info/attributes", "objects/info/alternates"])
def test_a_file_without_end_is_named(repository: Repository, name: str) -> None:
    path = repository.git_dir / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.truncate(path, 3 << 30)
    with pytest.raises(GitError, match="3,072 MiB, which Git would read for a long time"):
        require_answers(repository.root)


def test_other_files_are_as_large_as_they_are(repository: Repository) -> None:
    for name in ("index", "objects/pack/pack-0.pack", "lfs/objects/0"):
        path = repository.git_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.truncate(path, 3 << 30)
    require_answers(repository.root)


def test_other_work_trees_and_bare_repositories(
    repository: Repository, git, tmp_path: Path, waiting: list[subprocess.Popen[bytes]]
) -> None:
    git(repository.root, "commit", "-q", "--allow-empty", "-m", "x")
    git(repository.root, "worktree", "add", "-q", str(tmp_path / "linked"))
    git(tmp_path, "clone", "-q", "--bare", str(repository.root), "bare.git")
    for place, name in (("linked", "repository/.git/packed-refs"), ("bare.git", "bare.git/shallow")):
        pipe(tmp_path / name, waiting)
        with pytest.raises(GitError, match=Path(name).name):
            wait_until_named(tmp_path / place)


def test_where_there_is_no_repository_there_is_nothing(tmp_path: Path) -> None:
    require_answers(tmp_path)
