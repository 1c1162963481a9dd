"""Where there is no folder for temporary files, whatever needs one says so and what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError
from tvmgitlib.store.git import Git


@pytest.fixture
def without_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))


def test_git_cannot_be_given_a_file(library: ConfigLibrary, without_folder: None) -> None:
    with pytest.raises(GitError, match="git cannot be given a file to read: No such file or directory") as caught:
        Git(library.path).run("cat-file", "--batch-check", stdin=b"HEAD\n", most=1000)
    assert "TMPDIR" in str(caught.value)


def test_a_merge_says_so(
    library: ConfigLibrary, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for side, text in (("main", "a\nb\n"), ("theirs", "a\nb\nc\n"), ("main", "0\na\nb\n")):
        git(library.path, "checkout", "-q", *(["-b", side] if side == "theirs" else [side]))
        (library.path / "notes.txt").write_text(text)
        git(library.path, "add", "notes.txt")
        git(library.path, "commit", "-q", "-m", side)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(GitError, match="TMPDIR"):
        library.merge("theirs")
