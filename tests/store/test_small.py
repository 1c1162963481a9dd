"""Small files of this machine, which may be anything where somebody else's were put."""

from __future__ import annotations

from pathlib import Path

import pytest

from tvmgitlib.store import read_small


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(b"0123")
    assert read_small(tmp_path / "note", 4) == b"0123"
    with pytest.raises(OSError, match="larger than"):
        read_small(tmp_path / "note", 3)


def handles() -> int:
    """How many files this process has open, where the system tells."""
    known = Path("/proc/self/fd")
    return len(list(known.iterdir())) if known.is_dir() else 0


@pytest.mark.parametrize("may_wait", [True, False])
def test_a_folder_is_named_and_leaves_nothing_open(tmp_path: Path, may_wait: bool) -> None:
    before = handles()
    with pytest.raises(IsADirectoryError) as raised:
        read_small(tmp_path, 4, may_wait=may_wait)
    assert Path(raised.value.filename) == tmp_path
    assert handles() == before
