"""What a caller brings along: Git's variables, of another repository's hook for one. docs/git.md names these tests."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

#: Variables that are for one call of Git, and a value that would spoil any other.
FOREIGN = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/nowhere",
    "GIT_ATTR_SOURCE": "nothing",
    "GIT_COMMON_DIR": "/nowhere",
    "GIT_CONFIG": "/nowhere",
    "GIT_CONFIG_PARAMETERS": "'core.bare'='true'",
    "GIT_DIR": "/nowhere",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_GRAFT_FILE": "/nowhere",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_INDEX_FILE": "/nowhere",
    "GIT_INTERNAL_SUPER_PREFIX": "x/",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NAMESPACE": "other",
    "GIT_OBJECT_DIRECTORY": "/nowhere",
    "GIT_PREFIX": "x/",
    "GIT_QUARANTINE_PATH": "/nowhere",
    "GIT_REPLACE_REF_BASE": "refs/heads/",
    "GIT_SHALLOW_FILE": "/nowhere",
    "GIT_WORK_TREE": "/nowhere",
}


def test_variables_that_are_for_another_call(hostile, monkeypatch, git) -> None:
    listed = git(Path("/"), "rev-parse", "--local-env-vars").split()
    kept = {"GIT_CONFIG_COUNT", "GIT_IMPLICIT_WORK_TREE", "GIT_NO_REPLACE_OBJECTS"}
    assert set(listed) - kept <= FOREIGN.keys()
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    hostile.looks()
    hostile.writes()


@pytest.mark.parametrize("name", FOREIGN)
def test_each_of_them(hostile, monkeypatch, name: str) -> None:
    monkeypatch.setenv(name, FOREIGN[name])
    assert hostile.run(*hostile.importing).code == 0, hostile.run.err
    assert hostile.run("check").code == 0


@pytest.fixture
def calling(hostile, tmp_path: Path) -> str:
    """A script that imports a log, clones the library, and changes the clone."""
    tool = shlex.join([sys.executable, "-m", "tvmgitlib"])
    clone = tmp_path / "clone"
    return (
        f"#!/bin/sh\nset -e\n{tool} -C '{hostile.path}' {shlex.join(hostile.importing)}\n"
        f"{tool} clone '{hostile.path}' '{clone}'\n{tool} -C '{clone}' config keep 2\n"
    )


def called(hostile, git, tmp_path: Path) -> None:
    """Make sure that the script did what it does elsewhere."""
    assert hostile.run("check").code == 0
    assert len(hostile.run.lines("log")) == 3
    assert len(git(tmp_path / "clone", "rev-list", "HEAD").split()) == 5
    assert git(tmp_path / "clone", "status", "--porcelain") == ""


def test_in_a_hook_of_a_commit(hostile, calling: str, git, tmp_path: Path) -> None:
    """In a linked work tree, of a commit of some of its files: so Git sets the most variables."""
    git(tmp_path, "init", "--quiet", "other")
    other, linked = tmp_path / "other", tmp_path / "linked"
    git(other, "commit", "--quiet", "--allow-empty", "-m", "x")
    hook = other / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"{calling}env > '{tmp_path}/env'\n")
    hook.chmod(0o755)
    git(other, "worktree", "add", "--quiet", str(linked))
    for name in ("one", "two"):
        (linked / name).write_text(name)
    git(linked, "add", "one", "two")
    signed = ("-c", "commit.gpgSign=true", "-c", f"gpg.program={hostile.program('gpg', 'exit 1')}")
    git(linked, *signed, "commit", "--quiet", "--no-gpg-sign", "-m", "One", "--", "one")
    assert {"GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS"} <= variables(tmp_path / "env")
    called(hostile, git, tmp_path)
    assert git(linked, "ls-tree", "-r", "--name-only", "HEAD").split() == ["one"]
    assert git(linked, "status", "--porcelain") == "A  two\n"
    assert git(linked, "rev-list", "--all").split() == git(linked, "rev-list", "HEAD").split()
    assert git(linked, "fsck", "--unreachable").strip() == ""
    assert hostile.marks() == set()


def test_in_a_hook_of_a_push(hostile, calling: str, git, tmp_path: Path) -> None:
    """Before the push is let in: what comes is in quarantine, and no branch may be moved from there."""
    git(tmp_path, "init", "--quiet", "other")
    git(tmp_path, "init", "--quiet", "--bare", "server.git")
    hook = tmp_path / "server.git" / "hooks" / "pre-receive"
    hook.write_text(f"{calling}env > '{tmp_path}/env'\n")
    hook.chmod(0o755)
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "-m", "x")
    git(tmp_path / "other", "push", "--quiet", str(tmp_path / "server.git"), "HEAD:main")
    assert {"GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH"} <= variables(tmp_path / "env")
    called(hostile, git, tmp_path)
    assert git(tmp_path / "server.git", "rev-list", "--all") == git(tmp_path / "other", "rev-list", "HEAD")


def variables(file: Path) -> set[str]:
    return {line.partition("=")[0] for line in file.read_text().splitlines()}


def test_in_a_folder_of_a_hostile_repository(hostile, own, monkeypatch, git, tmp_path: Path) -> None:
    """A clone's configuration is its own and the user's, wherever it is made."""
    evil = hostile.program("evil", "exit 1")
    for name in ("post-checkout", "reference-transaction"):
        hostile.program(name, file=hostile.git_dir / "hooks" / name)
    hostile.config(core__hooksPath=str(hostile.git_dir / "hooks"), core__sshCommand=evil, core__fsmonitor=evil)
    hostile.configure(f"url.{tmp_path}/nowhere.insteadOf", str(hostile.path))
    monkeypatch.chdir(hostile.path)
    assert hostile.run("clone", hostile.path, "../clone").code == 0, hostile.run.err
    assert git(tmp_path / "clone", "rev-parse", "main") == git(hostile.path, "rev-parse", "main")
    assert hostile.marks() == set()
