"""Which family a line belongs to."""

from __future__ import annotations

import pytest

from tvmgitlib.errors import RecordError
from tvmgitlib.families.text import family_of, refuse_foreign
from tvmgitlib.model.json import read_json


@pytest.mark.parametrize("line", [b"gASVCgAAAAAAAAB9lC4=\tgASV\tgASV", b"a\t{}"])
def test_a_pickle_row_is_refused_unread(line: bytes) -> None:
    with pytest.raises(RecordError, match="pickle") as caught:
        refuse_foreign(line)
    assert "python -m tvm.autotvm.record --mode convert" in (caught.value.hint or "")


@pytest.mark.parametrize("line", [b'{"a":\t1}', b"[1,\t2]", b" \t{}", b"no tab", b""])
def test_tabs_in_json_are_no_pickle(line: bytes) -> None:
    refuse_foreign(line)


@pytest.mark.parametrize(
    ("line", "family"),
    [
        (b'{"input": [], "config": {}, "result": [], "version": 0.2}', "autotvm"),
        (b'{"i": [], "r": [], "v": "v0.6"}', "ansor"),
        (b"[0, []]", "metaschedule"),
    ],
)
def test_the_family_shows_in_the_form(line: bytes, family: str) -> None:
    assert family_of(read_json(line)) == family


def test_autotvm_0_1_is_recognised_and_refused() -> None:
    with pytest.raises(RecordError, match=r"format 0\.1") as caught:
        family_of(read_json(b'{"i": ["cuda", "topi_nn_conv2d", [], {}, null, {}], "r": [[1], 0, 1, 1], "v": 0.1}'))
    assert caught.value.field == "v"
    assert "0.2" in (caught.value.hint or "")


@pytest.mark.parametrize("line", [b"{}", b"[]", b"[1]", b"[1, 2, 3]", b"1", b"null", b'"text"', b'{"i": 1}'])
def test_other_json_is_no_record(line: bytes) -> None:
    with pytest.raises(RecordError, match="not a tuning record"):
        family_of(read_json(line))
