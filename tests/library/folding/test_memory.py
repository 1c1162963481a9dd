"""What is remembered of proofs is found again, whatever else is in the file."""

from __future__ import annotations

from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder
from tvmgitlib.library.folding.memory import FILE, Memory


def test_the_newest_comes_first_and_other_repositories_are_told_apart(tmp_path: Path) -> None:
    own, other = Memory(tmp_path / "own"), Memory(tmp_path / "other")
    assert own.is_empty
    assert (own.newest(), own.noted_with("a"), own.noted_anywhere("a"), own.has("a")) == ([], [], [], False)
    added = ((own, "a", "1"), (own, "b", "2"), (other, "a", "3"), (own, "a", "4"), (own, "c", "5"), (own, "d", "6"))
    for memory, claim, noted in added:
        memory.add(claim, noted)
    assert not own.is_empty
    assert own.newest() == ["6", "5", "4", "2"]
    assert other.newest() == ["3"]
    assert own.noted_with("a") == ["4", "1"]
    assert other.noted_with("a") == ["3"]
    assert own.noted_anywhere("a") == ["4", "3", "1"]
    assert own.has("a")


def test_a_line_that_is_damaged_says_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add("a", "1")
    file = cache_folder() / FILE
    whole = file.read_bytes()
    file.write_bytes(b"a\n\n a\nx y z a\n\xff a\n" + whole + whole[:-1])  # the last one is torn
    assert memory.noted_with("a") == ["1"]
    assert memory.noted_anywhere("a") == ["1"]
    assert memory.newest() == ["1"]
