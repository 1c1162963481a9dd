"""Nobody sees the new commit with the old index: not a plain `git commit` in between, not one after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib.store import Repository
from tvmgitlib.store.landing.index import IndexLock, scratch_path
from tvmgitlib.store.landing.leftovers import sweep_branch_locks, sweep_scratch

#: Commits one file, and says in the environment which process does so.
COMMIT = """
import os, sys
from pathlib import Path
from tvmgitlib.store import Draft, Repository
os.environ["COMMITTER_PROCESS"] = str(os.getpid())
Repository.find(Path(sys.argv[1])).commit(lambda _: Draft("A job", {"jobs/ab/one.jsonl": b"one", "configs/t": b"new"}))
"""


@pytest.fixture
def repository(repository: Repository, commit) -> Repository:
    commit(repository, {"configs/t": b"old", "mine": b"the user's"})
    return repository


@pytest.fixture
def when(hooks) -> Callable[[str, str], None]:
    """Let Git run a script when it moves a branch: before (`prepared`) or after (`committed`) it has."""

    def make(state: str, script: str) -> None:
        here = f'[ "$1" = {state} ] && [ "$ref" = refs/heads/main ] && [ -n "$COMMITTER_PROCESS" ]'
        hooks("reference-transaction", f"#!/bin/sh\nread old new ref\n{here} || exit 0\n{script}\n")

    return make


def commit_elsewhere(root: Path, **options) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", COMMIT, root], capture_output=True, check=False, **options)


def plain_commit(root: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", root, "commit", "-q", "-am", "x"], capture_output=True, check=False)


def is_whole(repository: Repository, git) -> bool:
    listed = git(repository.root, "ls-tree", "-r", "--name-only", "HEAD").split()
    return (
        listed == ["configs/t", "jobs/ab/one.jsonl", "mine"] and git(repository.root, "show", "HEAD:configs/t") == "new"
    )


def test_a_plain_commit_in_the_moment_the_branch_moves_is_refused(
    repository: Repository, git, when, tmp_path: Path
) -> None:
    (repository.root / "mine").write_text("edited")
    said = tmp_path / "said"
    when("committed", f"git -C '{repository.root}' commit -q -am x 2>'{said}' && echo done >>'{said}'; true")
    assert commit_elsewhere(repository.root).returncode == 0
    assert "index.lock" in said.read_text()
    assert is_whole(repository, git)
    assert plain_commit(repository.root).returncode == 0
    assert is_whole(repository, git)


@pytest.mark.parametrize("state", ["prepared", "committed"])
def test_a_plain_commit_after_a_kill_as_the_branch_moves_is_refused_until_recovery(
    repository: Repository, git, when, state: str
) -> None:
    (repository.root / "mine").write_text("edited")
    when(state, 'kill -9 "$COMMITTER_PROCESS"')
    assert commit_elsewhere(repository.root).returncode == -signal.SIGKILL
    refused = plain_commit(repository.root)
    assert refused.returncode != 0
    assert b"index.lock" in refused.stderr

    with repository.writing():  # waits for the Git command that outlived its caller
        pass
    assert not list(repository.git_dir.glob("tvmgitlib-*"))
    assert is_whole(repository, git)
    assert git(repository.root, "status", "--porcelain") == " M mine\n"
    assert plain_commit(repository.root).returncode == 0
    assert is_whole(repository, git)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["prepared", "committed"])
def test_a_kill_of_git_as_well_is_made_good(repository: Repository, commit, git, when, state: str) -> None:
    """All processes of a container die at once: then Git's own locks on the branch stay too."""
    when(state, 'kill -9 -"$COMMITTER_PROCESS"')
    assert commit_elsewhere(repository.root, start_new_session=True).returncode == -signal.SIGKILL
    if state == "committed":
        (repository.git_dir / "HEAD.lock").touch()  # no hook runs in the moment before Git gives it back
    assert (repository.git_dir / "HEAD.lock").exists()
    commit(repository, {"jobs/ab/one.jsonl": b"one", "configs/t": b"new"})
    assert is_whole(repository, git)
    assert git(repository.root, "status", "--porcelain") == ""
    assert not list(repository.git_dir.glob("**/*.lock"))


def test_a_lock_is_taken_once(repository: Repository) -> None:
    held = IndexLock.take(repository.git_dir, 0)
    assert held is not None
    assert IndexLock.take(repository.git_dir, 0.05) is None
    held.release()
    again = IndexLock.take(repository.git_dir, 0)
    assert again is not None
    again.release()
    assert not list(repository.git_dir.glob("tvmgitlib-*"))


def test_sweeping_removes_what_is_ours_and_nothing_else(repository: Repository) -> None:
    assert IndexLock.take(repository.git_dir, 0) is not None
    scratch_path(repository.git_dir).write_bytes(b"half an ind")
    scratch_path(repository.git_dir).with_suffix(".tmp.lock").touch()
    sweep_scratch(repository.git_dir)
    assert not (repository.git_dir / "index.lock").exists()
    assert not list(repository.git_dir.glob("tvmgitlib-*"))

    lock = repository.git_dir / "index.lock"
    lock.write_text("a user's")
    scratch_path(repository.git_dir).write_text("a user's")
    sweep_scratch(repository.git_dir)
    assert lock.read_text() == "a user's"
    assert len(list(repository.git_dir.glob("*.lock"))) == 1


def test_branch_locks_of_others_stay(repository: Repository) -> None:
    branch, head = repository.git_dir / "refs/heads/main.lock", repository.git_dir / "HEAD.lock"
    branch.write_text("1" * 40 + "\n")
    head.touch()
    sweep_branch_locks(branch, head, ["2" * 40])
    assert branch.exists()
    assert head.exists()
    branch.unlink()
    head.write_text("ref: refs/heads/another\n")
    sweep_branch_locks(branch, head, ["2" * 40])
    assert head.exists()


def test_branch_locks_that_a_killed_git_had_no_time_to_fill_go(repository: Repository) -> None:
    branch, head = repository.git_dir / "refs/heads/main.lock", repository.git_dir / "HEAD.lock"
    branch.touch()
    sweep_branch_locks(branch, head, ["2" * 40])
    assert not branch.exists()


@pytest.mark.slow
def test_a_git_command_that_outlives_its_killed_caller_is_waited_for(repository: Repository, commit, git, when) -> None:
    """The branch moves after the kill, while the next writer is there already: it must not take it for unmoved."""
    when("prepared", 'kill -9 "$COMMITTER_PROCESS"; sleep 0.5')
    assert commit_elsewhere(repository.root, stdin=subprocess.DEVNULL).returncode == -signal.SIGKILL
    commit(repository, {"jobs/cd/two.jsonl": b"two"})
    assert (repository.root / "jobs/ab/one.jsonl").read_bytes() == b"one"
    assert git(repository.root, "status", "--porcelain") == ""
    assert git(repository.root, "rev-list", "--count", "HEAD").strip() == "3"
