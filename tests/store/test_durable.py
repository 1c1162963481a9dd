from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib.store import write_whole


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    write_whole(file, b"one")
    with file.open("rb") as before:
        write_whole(file, b"two")
        assert (before.read(), file.read_bytes()) == (b"one", b"two")
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]


def test_a_file_that_cannot_be_written_stays_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes" / "kept").mkdir(parents=True)
    with pytest.raises(OSError):
        write_whole(tmp_path / "notes", b"two")
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "missing" / "notes", b"two")
