"""Which library is meant: the path given, the environment's, the one around, the default one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care.locating import VARIABLE, default_path, locate
from tvmgitlib.model import LibraryError


@pytest.mark.parametrize("below", [".", "tvmgitlib.json", "configs"])
def test_a_library_is_named_by_its_folder_its_file_or_a_folder_in_it(library: ConfigLibrary, below: str) -> None:
    assert locate(library.path / below).root == library.path


def test_a_path_may_be_relative_or_begin_in_the_home_folder(library, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate("library").root == library.path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("~/library").root == library.path


def test_a_link_to_a_library_is_the_library(library: ConfigLibrary, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(library.path)
    assert locate(tmp_path / "link").root == library.path


def test_the_path_is_stronger_than_the_environment_and_that_than_the_folder(library, tmp_path, monkeypatch) -> None:
    other = ConfigLibrary.init(tmp_path / "other")
    third = ConfigLibrary.init(tmp_path / "third")
    monkeypatch.chdir(library.path / "configs")
    assert locate().root == library.path
    monkeypatch.setenv(VARIABLE, str(other.path))
    assert locate().root == other.path
    assert locate(third.path).root == third.path
    monkeypatch.setenv(VARIABLE, "")
    assert locate().root == library.path


def test_outside_of_any_library_it_is_the_default_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LibraryError, match="no library here, and none at"):
        locate()
    made = ConfigLibrary.init(default_path())
    assert locate().root == made.path


def test_a_repository_that_is_no_library_is_passed_over(tmp_path: Path, monkeypatch, git) -> None:
    made = ConfigLibrary.init(default_path())
    git(tmp_path, "init", "-q", "code")
    (tmp_path / "code/tvmgitlib.json").write_text("{}")  # not committed, so not a library
    monkeypatch.chdir(tmp_path / "code")
    assert locate().root == made.path
    with pytest.raises(LibraryError, match=r"no committed tvmgitlib\.json"):
        locate(tmp_path / "code")


@pytest.mark.parametrize(("path", "message"), [("no/such", "no such folder"), (".", "no library")])
def test_a_path_without_a_library_is_named(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(LibraryError, match=message) as caught:
        locate(tmp_path / path)
    assert str(tmp_path) in str(caught.value)
    assert "tvmgitlib init" in str(caught.value)


def test_a_bare_library_and_one_in_a_linked_work_tree_are_found(library, tmp_path: Path, git) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(library.path), "bare.git")
    assert locate(tmp_path / "bare.git").bare
    git(library.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    assert locate(tmp_path / "linked").root == tmp_path / "linked"


def test_a_library_in_a_submodule_is_the_submodule(library: ConfigLibrary, tmp_path: Path, git) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "code")
    git(tmp_path / "code", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "kernels")
    assert locate(tmp_path / "code/kernels").root == tmp_path / "code/kernels"
