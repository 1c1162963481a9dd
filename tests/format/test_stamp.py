from __future__ import annotations

from collections import Counter

import pytest

from tvmgitlib.format import FoldStamp, Tally, read_stamp


def test_the_fold_stamp_is_canonical() -> None:
    jobs, settings = "a" * 40, "b" * 64
    stamp = FoldStamp(jobs, settings, Tally(Counter({"tune": 1, "import": 2}), 1))
    lines = [
        '"format": 1',
        f'"jobs": "{jobs}"',
        f'"settings": "{settings}"',
        '"kinds": {"import": 2, "tune": 1}',
        '"baselines": 1',
    ]
    assert stamp.to_bytes().decode() == "{\n  " + ",\n  ".join(lines) + "\n}\n"
    assert read_stamp(stamp.to_bytes()) == stamp


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 2}', b"[1"])
def test_a_stamp_of_another_form_says_nothing(content: bytes) -> None:
    assert read_stamp(content) is None
