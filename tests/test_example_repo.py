"""example-repo/ is what its script makes of its logs, and a library to look at; its bundle is one to clone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary

EXAMPLE = Path(__file__).parents[1] / "example-repo"
PARTS = ("tvmgitlib.json", ".gitattributes", "jobs", "configs")

#: What must make no difference: the user's Git, clock, language and permissions.
ELSEWHERE = {
    "GIT_AUTHOR_NAME": "Somebody Else",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.autocrlf",
    "GIT_CONFIG_VALUE_0": "true",
    "GIT_CONFIG_KEY_1": "init.defaultObjectFormat",
    "GIT_CONFIG_VALUE_1": "sha256",
    "GIT_DEFAULT_HASH": "sha256",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "7",
    "TZ": "Asia/Kathmandu",
}


def make(script: Path, *arguments: object, **environment: str) -> None:
    command = [sys.executable, str(script), *map(str, arguments)]
    subprocess.run(command, check=True, env=os.environ | environment)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a library by path, without those beside it."""
    files = (file for part in PARTS for file in (folder / part, *(folder / part).rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the folder, beside the logs that its script takes more of."""
    (tmp_path / "tests").symlink_to(EXAMPLE.parent / "tests")
    return shutil.copytree(EXAMPLE, tmp_path / "example")


@pytest.mark.slow
def test_the_script_remakes_it_byte_for_byte(example: Path) -> None:
    (example / "configs" / ".fold").unlink()
    (example / "jobs" / "stray").write_text("stray")
    make(example / "make.py")
    assert contents(example) == contents(EXAMPLE)
    # It is written again only where its commits are other ones.
    assert (example / "library.bundle").read_bytes() == (EXAMPLE / "library.bundle").read_bytes()


def test_the_bundle_clones_with_all_that_a_library_in_use_has(tmp_path: Path, git: Callable[..., str]) -> None:
    library = ConfigLibrary.clone(str(EXAMPLE / "library.bundle"), tmp_path / "kernels")
    assert library.check() == []
    entries = library.log()
    assert {entry.kind for entry in entries} == {"tune", "import", "revert", "invalidate", "revalidate"}
    assert [entry.kind for entry in entries if entry.reverted] == ["import"]
    best = library.best()
    assert {config.family for config in best} == {"autotvm", "ansor", "metaschedule"}
    on = {(config.platform, config.target_label.split()[0]) for config in best}
    assert on == {("avx512-2core", "llvm"), ("h100", "cuda")}
    git(library.path, "fetch", "--quiet", "origin", "refs/tvmgitlib/history/*:refs/tvmgitlib/history/*")
    tuned = next(entry for entry in entries if entry.kind == "tune")
    assert len(library.kept_history(tuned.job)) == tuned.trials
    imported = next(entry for entry in entries if entry.trials == 64)
    assert len(library.kept_history(imported.job)) == 64
    git(library.path, "checkout", "--quiet", "HEAD~7")
    assert contents(library.path) == contents(EXAMPLE)  # what the folder shows is an earlier state of it


def test_in_a_checkout_of_the_project_it_is_read_as_it_is(example: Path, git: Callable[..., str], cli: Any) -> None:
    git(example.parent, "init", "--quiet")
    git(example.parent, "add", "example")
    git(example.parent, "commit", "--quiet", "-m", "A project")
    cli.library = example
    assert cli("best").out in (EXAMPLE / "README.md").read_text()


@pytest.mark.slow
def test_it_is_the_same_on_another_machine_down_to_the_commits(
    tmp_path: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(EXAMPLE / "make.py", "one")
    make(EXAMPLE / "make.py", "other", **ELSEWHERE)
    assert contents(tmp_path / "one") == contents(tmp_path / "other") == contents(EXAMPLE)
    assert git(tmp_path / "one", "rev-parse", "HEAD") == git(tmp_path / "other", "rev-parse", "HEAD")
    assert git(tmp_path / "one", "status", "--porcelain") == ""


def test_put_into_git_it_is_a_sound_library_that_answers_as_its_readme_says(
    example: Path, git: Callable[..., str], cli: Any
) -> None:
    git(example, "init", "--quiet")
    git(example, "add", ".")
    git(example, "commit", "--quiet", "-m", "An example")
    cli.library = example
    assert (cli("check").code, cli.err) == (0, "")
    assert cli("best").out in (EXAMPLE / "README.md").read_text()
    assert {(effort["family"], effort["trials"]) for effort in cli.lines("trials")} == {
        ("autotvm", 64),
        ("ansor", 24),
        ("metaschedule", 32),
    }


def test_every_line_is_plain_json() -> None:
    for path, content in contents(EXAMPLE).items():
        if path.endswith(".jsonl"):
            assert all(isinstance(json.loads(line), dict) for line in content.splitlines()), path


def test_the_logs_are_the_real_ones(logs: Path) -> None:
    copies = {file.relative_to(EXAMPLE / "logs"): file for file in (EXAMPLE / "logs").rglob("*") if file.is_file()}
    assert copies
    for name, copy in copies.items():
        assert copy.read_bytes() == (logs / name).read_bytes()
