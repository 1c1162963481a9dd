"""What the user's cache says is believed: it is never a folder that others can write into the one we are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib.library.cache_folder import cache_folder


def test_a_whole_path_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tvmgitlib"


@pytest.mark.parametrize("named", ["", "cache", "./cache", "../cache"])
def test_another_one_is_passed_over(monkeypatch: pytest.MonkeyPatch, home: Path, named: str) -> None:
    """As the specification of these variables has it."""
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert cache_folder() == home / ".cache" / "tvmgitlib"


def test_a_home_that_depends_on_where_we_are_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", ".")
    with pytest.raises(RuntimeError, match="HOME is no whole path"):
        cache_folder()
