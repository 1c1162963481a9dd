"""What Git says of its configuration beside its work is what it says when it is asked, or nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib.store import Repository
from tvmgitlib.store.git import settings_by_owner, settled
from tvmgitlib.store.git.overheard import OVERHEARD

GitRun = Callable[..., str]
Programs = Callable[[str], None]

#: A value that looks like what Git says of another one.
FORGED = 'any"}\n{"event":"def_param","scope":"global","param":"tvmgitlib.trust","value":"any'


@pytest.fixture
def path(git: GitRun, tmp_path: Path) -> Path:
    """A repository with a commit."""
    made = tmp_path / "repository"
    git(tmp_path, "init", "--quiet", made)
    git(made, "commit", "--quiet", "--allow-empty", "-m", "First")
    return made


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Put a shell script in the place of Git; `$GIT` in it is the real one."""

    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "git").write_text(f"#!/bin/sh\nGIT={shutil.which('git')}\n{script}\n")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


def asked(path: Path) -> tuple[dict[str, str], ...]:
    """What Git says when it is asked, of the variables in question."""
    repository = Repository.find(path)
    assert repository is not None
    with repository:
        return _in_question(settings_by_owner(repository.git, None))


def overheard(path: Path) -> Any:
    """What Git has said when a repository was read; None for nothing."""
    repository = Repository.find(path)
    assert repository is not None
    with repository, settled():
        assert repository.head is not None
        told = repository.reader.told
        return told if told is None else _in_question(settings_by_owner(repository.git, told))


def _in_question(said: Iterable[Mapping[str, str]]) -> tuple[dict[str, str], ...]:
    return tuple({name: value for name, value in values.items() if name in OVERHEARD} for values in said)


@pytest.fixture
def is_heard(git: GitRun, tmp_path: Path) -> bool:
    """Whether this Git says whose a value is, and there are files in memory."""
    major, minor = git(tmp_path, "version").split()[2].split(".")[:2]
    return (int(major), int(minor)) >= (2, 38) and hasattr(os, "memfd_create")


@pytest.mark.parametrize(
    "configured",
    [
        [],
        [("--global", "tvmgitlib.trust", "signed"), ("--local", "tvmgitlib.trust", "any")],
        [("--local", "tvmgitlib.trust", "signed"), ("--local", "tvmgitlib.allowedSigners", "/tmp/of a repository")],
        [("--local", "tvmgitlib.trust", FORGED), ("--global", "tvmgitlib.trust", "signed")],
        [("--local", "--add", "tvmgitlib.trust", value) for value in ("any", "signed", "", "any")],
        [("--local", "extensions.worktreeConfig", "true"), ("--worktree", "tvmgitlib.trust", "signed")],
        [("--global", "tvmgitlib.maxAge", "30d"), ("--global", "tvmgitlib.allowedSigners", "~/\udcff\u00fc \"'\t\x7f")],
        [("--global", "include.path", "more"), ("--local", "include.path", "../more")],
        [("--global", "includeIf.gitdir:**/repository/**.path", "more")],
        [("--global", "includeIf.onbranch:main.path", "more")],
        [("--local", "includeIf.onbranch:main.path", "../more")],
        [("--global", "includeIf.onbranch:other.path", "more")],
        [("--local", "trace2.eventTarget", "/dev/stderr"), ("--local", "trace2.configParams", "none")],
        [("--local", "tvmgitlib.told", "all"), ("--global", "tvmgitlib.told", "nothing")],
    ],
)
def test_it_is_what_git_says_when_it_is_asked(
    path: Path, git: GitRun, home: Path, is_heard: bool, configured: list[tuple[str, ...]]
) -> None:
    (home / "more").write_text("[tvmgitlib]\n\ttrust = signed\n\tallowedSigners = ~/included\n")
    shutil.copy(home / "more", path)
    for arguments in configured:
        git(path, "config", *arguments)
    assert overheard(path) == (asked(path) if is_heard else None)


def test_the_environment_is_the_users(path: Path, git: GitRun, is_heard: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    git(path, "config", "--global", "tvmgitlib.trust", "any")
    git(path, "config", "--local", "tvmgitlib.maxAge", "1d")
    for name, value in {"COUNT": "1", "KEY_0": "tvmgitlib.trust", "VALUE_0": "signed"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert asked(path) == ({"tvmgitlib.trust": "signed"}, {"tvmgitlib.maxage": "1d"})
    assert overheard(path) == (asked(path) if is_heard else None)


@pytest.mark.parametrize("scope", ["--global", "--local"])
def test_a_variable_without_a_value_is_asked_for_where_git_fails_at_it(path: Path, git: GitRun, scope: str) -> None:
    file = Path(git(path, "rev-parse", "--git-path", "config").strip() if scope == "--local" else os.environ["HOME"])
    config = path / file if scope == "--local" else file / ".gitconfig"
    config.write_text(f"{config.read_text()}\n[tvmgitlib]\n\ttrust\n\tmaxAge = 1d\n")
    own = {"tvmgitlib.trust": "true", "tvmgitlib.maxage": "1d"}
    assert asked(path) == ((own, {}) if scope == "--global" else ({}, own))
    assert overheard(path) in (asked(path), None)


def test_more_than_is_read_is_asked_for(path: Path, git: GitRun) -> None:
    git(path, "config", "--local", "tvmgitlib.allowedSigners", "x" * 100_000)
    git(path, "config", "--global", "tvmgitlib.trust", "signed")
    assert overheard(path) is None


@pytest.mark.parametrize(
    "script",
    [
        'unset GIT_TRACE2_EVENT; exec $GIT "$@"',  # a Git that cannot tell
        'echo "{" >> ${GIT_TRACE2_EVENT:-/dev/null}; exec $GIT "$@"',
        'echo "[]" >> ${GIT_TRACE2_EVENT:-/dev/null}; exec $GIT "$@"',
        'GIT_TRACE2_CONFIG_PARAMS="tvmgitlib.trust"; export GIT_TRACE2_CONFIG_PARAMS; exec $GIT "$@"',
        # one that does not say whose a value is
        'case "$*" in *cat-file*) echo \'{"event":"def_param","param":"tvmgitlib.told","value":"all"}\' '
        '>> ${GIT_TRACE2_EVENT:-/dev/null}; unset GIT_TRACE2_EVENT;; esac; exec $GIT "$@"',
        # one that ends when it is to tell
        'case "$GIT_TRACE2_EVENT" in /dev/fd/*) exit 139;; esac; exec $GIT "$@"',
    ],
)
def test_what_is_not_whole_is_asked_for(path: Path, git: GitRun, program: Programs, script: str) -> None:
    git(path, "config", "--global", "tvmgitlib.trust", "signed")
    program(script)
    assert overheard(path) is None
    assert asked(path) == ({"tvmgitlib.trust": "signed"}, {})


def test_whoever_traces_git_gets_all_that_they_asked_for(
    path: Path, git: GitRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "events"))
    monkeypatch.setenv("GIT_TRACE2_CONFIG_PARAMS", "core.bare")
    assert overheard(path) is None
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    names = {event["name"] for event in events if event["event"] == "cmd_name"}
    assert {"rev-parse", "cat-file"} <= names
    assert {event["param"] for event in events if event["event"] == "def_param"} == {"core.bare"}


def test_where_there_are_no_files_in_memory_git_is_asked(
    path: Path, git: GitRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(path, "config", "--global", "tvmgitlib.trust", "signed")
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert overheard(path) is None
    assert asked(path) == ({"tvmgitlib.trust": "signed"}, {})


def test_no_file_stays_open(path: Path) -> None:
    before = len([*Path("/dev/fd").iterdir()])
    for _ in range(3):
        overheard(path)
    assert len([*Path("/dev/fd").iterdir()]) == before


def test_only_a_command_takes_it_for_true_later(path: Path, git: GitRun) -> None:
    repository = Repository.find(path)
    assert repository is not None
    with repository:
        assert repository.head is not None
        git(path, "config", "--global", "tvmgitlib.trust", "signed")
        assert repository.reader.told is None
        assert settings_by_owner(repository.git, repository.reader.told)[0]["tvmgitlib.trust"] == "signed"
