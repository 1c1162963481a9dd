"""The bag beside a record: put in and taken out again, the native text byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib import families
from tvmgitlib.families.bag import BAG_KEY
from tvmgitlib.model import canonical_json, read_json

HOSTILE = [BAG_KEY, f', "{BAG_KEY}": ', f'"{BAG_KEY}": {{}}', '{"native": ', '\\", "', "}", '"', "\\"]

texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(HOSTILE)
values = st.recursive(
    st.none() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, min_size=1, max_size=4)
separators = st.sampled_from([(", ", ": "), (",", ":"), (" ,  ", " : ")])


@pytest.mark.parametrize("family", ["autotvm", "ansor", "metaschedule"])
@given(document=objects, bag=objects, spelling=separators, ascii_only=st.booleans())
def test_unwrap_undoes_wrap(
    family: str, document: dict[str, object], bag: dict[str, object], spelling: tuple[str, str], ascii_only: bool
) -> None:
    native = json.dumps(document, separators=spelling, ensure_ascii=ascii_only).encode()
    if family == "metaschedule":
        native = b"[0, [" + native + b"]]"
    bag_text = canonical_json(bag).encode()
    line = families.family(family).wrap(native, bag_text)
    assert families.family(family).unwrap(line) == (native, bag_text)
    assert b"\n" not in line


@given(document=objects.filter(lambda members: BAG_KEY not in members), bag=objects)
def test_a_wrapped_line_is_json_with_one_more_member(document: dict[str, object], bag: dict[str, object]) -> None:
    native, bag_text = json.dumps(document).encode(), canonical_json(bag).encode()
    assert read_json(families.family("autotvm").wrap(native, bag_text)) == {**document, BAG_KEY: bag}
    assert read_json(families.family("ansor").wrap(native, bag_text)) == {"native": document, BAG_KEY: bag}


@pytest.mark.parametrize("family", ["ansor", "metaschedule"])
@pytest.mark.parametrize("native", [b'{"i": [], "r": []}', b"[0, []]", b""])
def test_a_line_without_a_bag_is_native(family: str, native: bytes) -> None:
    assert families.family(family).unwrap(native) == (native, None)


@pytest.mark.parametrize("family", ["autotvm", "ansor", "metaschedule"])
@given(line=st.binary() | st.lists(texts).map(lambda parts: "".join(parts).encode()))
def test_any_line_can_be_unwrapped(family: str, line: bytes) -> None:
    native, bag = families.family(family).unwrap(line)
    if bag is None and not line.startswith(b'{"native": '):
        assert native == line
