"""Which family a line belongs to."""

from __future__ import annotations

import pytest

from tvmgitlib import families
from tvmgitlib.model import RecordError, read_json


@pytest.mark.parametrize("line", [b"gASVCgAAAAAAAAB9lC4=\tgASV\tgASV", b"a\t{}"])
def test_a_pickle_row_is_refused_unread(line: bytes) -> None:
    why = families.refusal(line)
    assert why is not None
    assert "pickle" in str(why)
    assert "tune its tasks again" in (why.hint or "")


@pytest.mark.parametrize("line", [b'{"a":\t1}', b"[1,\t2]", b" \t{}", b"no tab", b""])
def test_tabs_in_json_are_no_pickle(line: bytes) -> None:
    assert families.refusal(line) is None


@pytest.mark.parametrize(
    ("line", "family"),
    [
        (b'{"input": [], "config": {}, "result": [], "version": 0.2}', "autotvm"),
        (b'{"i": [], "r": [], "v": "v0.6"}', "ansor"),
        (b"[0, []]", "metaschedule"),
    ],
)
def test_the_family_shows_in_the_form(line: bytes, family: str) -> None:
    assert families.family_of(line, read_json(line)).name == family


def test_autotvm_0_1_is_recognised_and_refused() -> None:
    line = b'{"i": ["cuda", "topi_nn_conv2d", [], {}, null, {}], "r": [[1], 0, 1, 1], "v": 0.1}'
    with pytest.raises(RecordError, match=r"format 0\.1") as caught:
        families.family_of(line, read_json(line))
    assert caught.value.field == "v"
    assert "--upgrade" in (caught.value.hint or "")


@pytest.mark.parametrize("line", [b"{}", b"[]", b"[1]", b"[1, 2, 3]", b"1", b"null", b'"text"', b'{"i": 1}'])
def test_other_json_is_no_record(line: bytes) -> None:
    with pytest.raises(RecordError, match="not a tuning record"):
        families.family_of(line, read_json(line))
