"""Damage as it comes: to the bytes of a file, to its words of JSON, and to what the JSON says.

Faster by far than a strategy of Hypothesis, and as easy to repeat: all comes from one generator of random numbers.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Any

_WORD = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[a-zA-Z]+|[\[\]{},:]')
_NUMBER = re.compile(rb"-?[0-9][0-9.eE+-]*")
_KEY = re.compile(rb'"([^"\\]*)"(?=\s*:)')

_NUMBERS = (
    *b"0 -0 -0.0 1 -1 1.0 1e0 4.0 0.1e1 5e-324 1e-400 1e308 1e400 1e999999999 01 1. +1 1_0 NaN".split(),
    *b'-Infinity nan inf null true false "1" 9007199254740993 253402300800 9223372036854775807'.split(),
    *(
        b"9223372036854775808",
        b"-9223372036854775809",
        b"18446744073709551616",
        b"1" * 400,
        b"1" * 5000,
        b"0." + b"0" * 400 + b"1",
    ),
)
_PIECES = (
    *b'" \\ \\u0022 \\ud800 \\u0000 \\n , : [ ] { } # [] {} "" null "x-tvmgitlib" ../ 9999-99-99T99:99:99Z'.split(),
    *(b"", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xae"),
    *(b"\r", b"\n", b"\r\n", b"\t", b" "),
    *(b', "x-tvmgitlib": {}', b'{"native": ', b"-model=\xc3\xa9", b"\x1b[2J"),
    *(b"[" * 50, b"[" * 300, b'{"a":' * 300, b"[" * 100_000, b"," * 300_000, b"x" * 70_000),
)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -0.0, 1, -1, 1.0, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 1e308, 5e-324, 1e-12, 1e10),
    *("", "a", "a:b", "sp", "\ud800", "\x00", "é", "0.2", "llvm", "cuda", "x" * 300, "1e3", "NaN", "\u202e"),
    *([], {}, [[]], [1], [None], ["a", "sp", 1], {"a": 1}, [[[[[[1]]]]]], [[1.0], 0, 1.0, 1.0], {"": None}),
    *(_nested(depth) for depth in (120, 240, 246, 248, 250, 252)),
    *([2**62] * 300, [-4], [0, 4], ["a"] * 5000, {"x" * 5000: 1}),
)
_SEPARATORS = ((", ", ": "), (",", ":"), (" , ", " : "), (",\t", ":\r"))


class Mutator:
    """Damages lines.

    Args:
        chance: where all chance comes from.
        others: lines that parts are taken from.
    """

    def __init__(self, chance: random.Random, others: Sequence[bytes]) -> None:
        self._chance = chance
        self._others = others
        self._ways = [
            *(self._flip, self._insert, self._leave_out, self._repeat, self._cut_off, self._join, self._odd_number),
            *(self._rename, self._repeat_key, self._exchange_words, self._move_word, self._nest, self._escape),
            *[self._say_otherwise] * 4,
        ]

    def mutated(self, text: bytes) -> bytes:
        """The text, damaged once to three times."""
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            text = self._chance.choice(self._ways)(text)
        return text

    def _at(self, text: bytes) -> int:
        return self._chance.randint(0, len(text))

    def _span(self, text: bytes) -> tuple[int, int]:
        start = self._at(text)
        return start, min(len(text), start + self._chance.choice((1, 1, 2, 4, 16, 200)))

    def _flip(self, text: bytes) -> bytes:
        if not text:
            return b"x"
        at = self._chance.randrange(len(text))
        byte = (
            text[at] ^ (1 << self._chance.randrange(8)) if self._chance.random() < 0.5 else self._chance.randrange(256)
        )
        return text[:at] + bytes((byte,)) + text[at + 1 :]

    def _insert(self, text: bytes) -> bytes:
        at = self._at(text)
        return text[:at] + self._chance.choice(_PIECES) + text[at:]

    def _leave_out(self, text: bytes) -> bytes:
        start, end = self._span(text)
        return text[:start] + text[end:]

    def _repeat(self, text: bytes) -> bytes:
        start, end = self._span(text)
        return text[:end] + text[start:end] * self._chance.choice((1, 1, 2, 50)) + text[end:]

    def _cut_off(self, text: bytes) -> bytes:
        at = self._at(text)
        return text[:at] if self._chance.random() < 0.8 else text[at:]

    def _join(self, text: bytes) -> bytes:
        other = self._chance.choice(self._others)
        if self._chance.random() < 0.5:
            return text + other
        return text[: self._at(text)] + other[self._at(other) :]

    def _odd_number(self, text: bytes) -> bytes:
        return self._in_place_of(_NUMBER, text, self._chance.choice(_NUMBERS))

    def _rename(self, text: bytes) -> bytes:
        keys = _KEY.findall(self._chance.choice(self._others)) or [b"a"]
        names = (self._chance.choice(keys), b"", b"x", b"x-tvmgitlib", b"native", b"i", b"\\u0072")
        return self._in_place_of(_KEY, text, b'"' + self._chance.choice(names) + b'"')

    def _repeat_key(self, text: bytes) -> bytes:
        keys = list(_KEY.finditer(text))
        if not keys:
            return text
        key = self._chance.choice(keys)
        value = self._chance.choice((b"0", b"null", b"[]", b"{}", b'"llvm"', b"[[1.0], 0, 1.0, 1.0]"))
        return text[: key.start()] + key[0] + b": " + value + b", " + text[key.start() :]

    def _exchange_words(self, text: bytes) -> bytes:
        word = self._chance.choice(_WORD.findall(self._chance.choice(self._others)) or [b"0"])
        return self._in_place_of(_WORD, text, word)

    def _move_word(self, text: bytes) -> bytes:
        words = _WORD.findall(text)
        if len(words) < 2:
            return text
        words.insert(self._chance.randrange(len(words)), words.pop(self._chance.randrange(len(words))))
        return self._chance.choice((b"", b" ")).join(words)

    def _nest(self, text: bytes) -> bytes:
        before, after = self._chance.choice(((b"[", b"]"), (b'{"native": ', b"}"), (b'{"a": ', b"}"), (b'"', b'"')))
        words = list(_WORD.finditer(text))
        if not words or self._chance.random() < 0.2:
            return before + text + after
        word = self._chance.choice(words)
        return text[: word.start()] + before + word[0] + after + text[word.end() :]

    def _escape(self, text: bytes) -> bytes:
        """Write a letter of a string in another way that means the same."""
        strings = [match for match in _WORD.finditer(text) if match[0][:1] == b'"' and len(match[0]) > 2]
        if not strings:
            return text
        at = self._chance.choice(strings).start() + 1
        return text if text[at] in b'\\"' or text[at] > 127 else text[:at] + b"\\u%04x" % text[at] + text[at + 1 :]

    def _say_otherwise(self, text: bytes) -> bytes:
        """Change what the JSON says, so that it stays JSON."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return self._flip(text)
        holder: Any = [document]
        place: Any = 0
        while isinstance(holder[place], (list, dict)) and holder[place] and self._chance.random() < 0.85:
            holder = holder[place]
            place = self._chance.choice(sorted(holder) if isinstance(holder, dict) else range(len(holder)))
        self._change(holder, place)
        separators = self._chance.choice(_SEPARATORS)
        written = json.dumps(document, separators=separators, ensure_ascii=self._chance.random() < 0.5)
        return written.encode(errors="surrogatepass")

    def _change(self, holder: Any, place: Any) -> None:
        value = self._chance.choice(_VALUES)
        way = self._chance.randrange(5)
        if way == 0 and len(holder) > 1:
            del holder[place]
        elif way == 1 and isinstance(holder, list):
            holder.insert(place, value)
        elif way == 2 and isinstance(holder, list):
            self._chance.shuffle(holder)
        elif way == 3 and isinstance(holder[place], (int, float)):
            holder[place] *= self._chance.choice((-1, 0, 2, 0.5, 1e-9, 1e9))
        else:
            holder[place] = value

    def _in_place_of(self, pattern: re.Pattern[bytes], text: bytes, new: bytes) -> bytes:
        found = list(pattern.finditer(text))
        if not found:
            return self._insert(text)
        match = self._chance.choice(found)
        return text[: match.start()] + new + text[match.end() :]
