"""A library is a repository of its own: what a larger one has of it is read where it is named, never written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import default_path, locate
from tvmgitlib.model import LibraryError

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
def test_a_folder_of_a_larger_repository_is_read_where_it_is_named(
    folder: Path, below: str, git: Git, code: Path
) -> None:
    (code / "main.py").write_text("raise\n")
    git(code, "commit", "-q", "-a", "-m", "More code")
    library = ConfigLibrary(folder / below)
    assert (library.path, [config.cost for config in library.best()]) == (folder, [1e-3])
    job = library.best()[0].job
    assert [(entry.job, entry.subject) for entry in library.log()] == [(job, "Kernels")]
    assert [found.commit for found in library.blame()] == [git(code, "rev-parse", "HEAD~1").strip()]
    assert library.at("HEAD~1").best() == library.best()
    with pytest.raises(LibraryError, match="is not in the commit"):
        library.at("HEAD~2").best()


def test_what_it_holds_is_proven_as_it_is_committed(
    folder: Path, git: Git, code: Path, cli: Any, caplog: pytest.LogCaptureFixture
) -> None:
    cli.library = folder
    cli("check")
    assert (cli.code, cli.out) == (0, "The library is sound.\n")
    assert "only what is committed is proven" in caplog.text
    (folder / "configs" / ".fold").unlink()
    assert cli("check").code == 0
    git(code, "commit", "-q", "-a", "-m", "Break it")
    assert (cli("check").code, cli.out.splitlines()[0]) == (
        1,
        "configs/.fold: missing; tvmgitlib rebuild makes it anew",
    )


def test_a_folder_with_a_name_that_git_would_take_for_a_pattern(
    folder: Path, git: Git, code: Path, tmp_path: Path
) -> None:
    odd = code / ":(glob)*"
    odd.mkdir()
    git(code, "--literal-pathspecs", "mv", "lib/kernels", ":(glob)*/k")
    git(code, "commit", "-q", "-m", "Move")
    assert [entry.subject for entry in ConfigLibrary(odd / "k").log()] == ["Move"]


@pytest.mark.parametrize(
    "command",
    [
        ("import", "LOG", "--platform", "box"),
        ("job", "start", "--target", "llvm"),
        ("revert", "JOB"),
        ("invalidate", "--job", "JOB", "--reason", "why"),
        ("rebuild",),
        ("gc",),
        ("config", "keep", "2"),
        ("merge", "main"),
        ("sync",),
        ("pin", "--local"),
    ],
    ids=lambda words: words[0],
)
def test_it_is_never_written_nor_pinned(
    folder: Path, code: Path, command: tuple[str, ...], git: Git, cli: Any, make_log: MakeLog
) -> None:
    cli.library = folder
    words = {"LOG": make_log("other", [1e-4]), "JOB": ConfigLibrary(folder).best()[0].job}
    tip = git(code, "rev-parse", "HEAD")
    assert cli(*(words.get(word, word) for word in command)).code == 4
    assert f"lib/kernels is a folder of {code}, which is for reading only" in cli.err
    assert "filter-branch --subdirectory-filter lib/kernels" in cli.err
    assert "submodule" in cli.err
    assert "tvmgitlib init" not in cli.err
    assert (git(code, "rev-parse", "HEAD"), git(code, "status", "--porcelain")) == (tip, "")
    assert not (code / ".git" / "tvmgitlib").exists()


def test_without_its_name_it_is_not_taken_and_not_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ConfigLibrary.init(default_path())
    monkeypatch.chdir(folder / "jobs")
    with pytest.raises(LibraryError, match="a library is a Git repository of its own") as caught:
        ConfigLibrary()
    assert f"name it: -C {folder}." in str(caught.value)
    monkeypatch.setenv("TVMGITLIB_LIBRARY", str(folder))
    assert ConfigLibrary().path == folder
    monkeypatch.delenv("TVMGITLIB_LIBRARY")
    monkeypatch.chdir(folder.parent)
    assert locate().root == default_path()


def test_what_is_said_makes_a_library_of_it(
    folder: Path, code: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILTER_BRANCH_SQUELCH_WARNING", "1")
    with pytest.raises(LibraryError) as caught:
        ConfigLibrary(folder).rebuild()
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
