"""A library is a repository of its own: what a larger repository has of one is said as it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import LibraryError
from tvmgitlib.library.care import default_path, locate

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture
def code(tmp_path: Path, git: Git) -> Path:
    """A team's repository."""
    git(tmp_path, "init", "-q", "-b", "main", "code")
    (tmp_path / "code" / "main.py").write_text("pass\n")
    git(tmp_path / "code", "add", "--all")
    git(tmp_path / "code", "commit", "-q", "-m", "Code")
    return tmp_path / "code"


@pytest.fixture
def folder(code: Path, library: ConfigLibrary, make_log: MakeLog, git: Git) -> Path:
    """The files of a library with one job, committed as a folder of that repository."""
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    shutil.copytree(library.path, code / "lib" / "kernels", ignore=shutil.ignore_patterns(".git"))
    git(code, "add", "--all")
    git(code, "commit", "-q", "-m", "Kernels")
    return code / "lib" / "kernels"


@pytest.mark.parametrize("below", [".", "configs", "tvmgitlib.json"])
def test_a_folder_of_a_larger_repository_is_told_to_become_a_repository(folder: Path, code: Path, below: str) -> None:
    with pytest.raises(LibraryError, match="a library is a Git repository of its own") as caught:
        locate(folder / below)
    said = str(caught.value)
    assert f"lib/kernels is a folder of {code}" in said
    assert "filter-branch --subdirectory-filter lib/kernels" in said
    assert "submodule" in said
    assert "tvmgitlib init" not in said


def test_it_is_not_passed_over_for_another_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ConfigLibrary.init(default_path())
    monkeypatch.chdir(folder / "jobs")
    with pytest.raises(LibraryError, match="a library is a Git repository of its own"):
        locate()
    monkeypatch.chdir(folder.parent)
    assert locate().root == default_path()


def test_what_is_said_makes_a_library_of_it(
    folder: Path, code: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILTER_BRANCH_SQUELCH_WARNING", "1")
    with pytest.raises(LibraryError) as caught:
        locate(folder)
    clone, rewrite = str(caught.value.hint).split(": ", 1)[1].split(". Then")[0].split(", then ")
    for command in (clone, rewrite):
        git(tmp_path, *command.removeprefix("git ").split())
    git(code, "rm", "-r", "-q", "lib/kernels")
    add = ("submodule", "--quiet", "add", str(tmp_path / "kernels"), str(folder))
    git(code, "-c", "protocol.file.allow=always", *add)
    made = ConfigLibrary(folder)
    assert made.check() == []
    assert [config.cost for config in made.best()] == [1e-3]
    assert len(made.log()) == 1


def test_a_submodule_that_is_not_checked_out_says_how(
    code: Path, library: ConfigLibrary, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(code, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "lib/kernels")
    git(code, "commit", "-q", "-m", "Kernels")
    git(tmp_path, "clone", "-q", str(code), "again")
    kernels = tmp_path / "again" / "lib" / "kernels"
    with pytest.raises(LibraryError, match="a submodule that is not checked out") as caught:
        locate(kernels)
    assert "submodule update --init -- lib/kernels" in str(caught.value)
    monkeypatch.chdir(kernels)
    with pytest.raises(LibraryError, match="a submodule that is not checked out"):
        locate()
    git(
        tmp_path / "again",
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "update",
        "--init",
        "--",
        "lib/kernels",
    )
    assert locate(kernels).root == kernels


def test_a_repository_without_a_library_is_named(code: Path) -> None:
    (code / "docs").mkdir()
    with pytest.raises(LibraryError, match=r"no committed tvmgitlib\.json") as caught:
        locate(code / "docs")
    assert str(code) in str(caught.value)


def test_a_library_made_inside_a_repository_says_what_it_is(
    code: Path, git: Git, caplog: pytest.LogCaptureFixture
) -> None:
    made = ConfigLibrary.init(code / "lib" / "kernels")
    assert made.path == code / "lib" / "kernels"
    assert f"a Git repository of its own inside {code}" in caplog.text
    assert "submodule add" in caplog.text
    assert made.check() == []


def test_a_library_in_a_folder_that_the_repository_ignores_needs_no_word(
    code: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (code / ".gitignore").write_text("/kernels/\n")
    ConfigLibrary.init(code / "kernels")
    ConfigLibrary.init(code.parent / "elsewhere")
    assert caplog.text == ""


def test_a_repository_with_folders_of_the_librarys_names_says_what_to_do(code: Path, git: Git) -> None:
    (code / "jobs").mkdir()
    (code / "jobs" / "mine.py").write_text("pass\n")
    git(code, "add", "--all")
    git(code, "commit", "-q", "-m", "Jobs")
    with pytest.raises(LibraryError, match="its own jobs/ or configs/") as caught:
        ConfigLibrary.init(code)
    assert "of its own" in str(caught.value.hint)
