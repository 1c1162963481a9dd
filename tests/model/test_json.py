"""Reading JSON strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.model import RecordError, read_json, read_json_with_gaps

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # The colon and the quote are what the search for repeated keys goes by.
    | st.text(st.characters(codec="utf-8") | st.sampled_from('": \\\t')),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8") | st.sampled_from('": \\')), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    json_values, st.booleans(), st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : "), (",", "\t:"), (",", "\n:")])
)
def test_whatever_is_json_is_read(value: object, ascii_only: bool, separators: tuple[str, str]) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    assert read_json(text.encode()) == value


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8") | st.sampled_from('":\\')), json_values, min_size=1, max_size=4
    ),
    st.sampled_from([":", " :", "\t:", "\r:", "\n:", "\n\t :"]),
    st.booleans(),
    st.data(),
)
def test_a_repeated_key_is_never_swallowed(
    members: dict[str, object], colon: str, escaped: bool, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(members)))
    spelling = (
        "".join(f"\\u{ord(char):04x}" for char in key) if escaped and max(map(ord, key), default=0) < 0xD800 else None
    )
    again = f'"{spelling}"' if spelling is not None else json.dumps(key)
    texts = [f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in members.items()]
    texts.insert(data.draw(st.integers(0, len(texts))), f"{again}:0")
    line = "{" + ", ".join(texts) + "}"
    with pytest.raises(RecordError, match="given twice") as caught:
        read_json(data.draw(st.sampled_from(["%s", "[%s]", '{"outer": [1, %s]}'])).replace("%s", line).encode())
    assert caught.value.field == key


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "not valid JSON at column 1"),
        (b"{", "not valid JSON"),
        (b"{} {}", "not valid JSON at column 4"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"a": "\xff"}', r"not UTF-8 \(byte 8 of the line\)"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": NaN}', "not valid JSON at column 7"),
        (b'{"a": -Infinity}', "not valid JSON at column 7|not valid JSON at column 8"),
        (b'{"a": 1e400}', "infinity"),
        (b'{"a": 1' + b"0" * 400 + b"}", "infinity"),
        (b'{"a": 1' + b"0" * 5000 + b', "a" : 1}', "infinity"),
        (b'{"a": 01}', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "given twice"),
        (b"[" * 300 + b"]" * 300, "nested too deeply"),
        (b'{"a" : ' * 300 + b"1" + b"}" * 300, "nested too deeply"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "depth"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_json_is_refused(line: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_json(line)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(line: bytes) -> None:
    try:
        read_json(line)
    except RecordError:
        pass


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**300])
@pytest.mark.parametrize("text", ["%d", "[%d]", '{"a": {"b": %d}}'])
def test_no_integer_is_rounded_where_that_is_asked(number: int, text: str) -> None:
    with pytest.raises(RecordError, match="64 bits"):
        read_json((text % number).encode(), exact=True)
    read_json((text % number).encode())


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 1e300, 2.0**64, [1.5, 2**63]])
def test_what_is_exact_is_read_as_it_is(value: object) -> None:
    found = read_json(json.dumps(value).encode(), exact=True)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "document", "has_gaps"),
    [
        (b'{"a": [NaN, -nan, inf, -Infinity, 1e400, -1E+999, 1.5e3]}', [None] * 6 + [1500.0], True),
        (b'{"a": ["NaN", "1e400", "a \\" nan", "inf"]}', ["NaN", "1e400", 'a " nan', "inf"], False),
        (b'{"a": ["NaN", NaN]}', ["NaN", None], True),
        (b'{"a": [1, -0.5]}', [1, -0.5], False),
    ],
)
def test_numbers_that_are_none_are_gaps(text: bytes, document: list[Any], has_gaps: bool) -> None:
    assert read_json_with_gaps(text) == ({"a": document}, has_gaps)


@pytest.mark.parametrize("text", [b"nanny", b"[NaN", b"[1.2.3, NaN]", b'{"a": NaN, "a": 1}', b"\xff NaN", b"[True]"])
def test_what_is_wrong_otherwise_is_refused(text: bytes) -> None:
    with pytest.raises(RecordError):
        read_json_with_gaps(text)
