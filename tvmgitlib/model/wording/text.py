"""Names, counts and times in what is said to people, and the one gate for the texts of others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

#: How many names a message says before it only counts.
MOST_NAMES: Final = 5


def listed(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """Names in a message: the first of them, and how many more there are: `a, b, c, d, e and 482 more`."""
    known = list(names)
    shown = ", ".join(known[:most])
    return f"{shown} and {len(known) - most:,} more" if len(known) > most else shown


def plain(text: str) -> str:
    """A text of others as it may be shown: the one gate that names, messages and logs pass on their way out.

    Lines and tabs stay. Anything else that no reader sees, or that changes what is seen (control characters, C1 among
    them, marks that turn the direction of writing, what is not Unicode) is escaped, as Python does it.
    """
    return _escaped(text, "\n\t")


def plain_line(text: str) -> str:
    """The same in one line, whatever the text holds: nothing in it can pass for a line, or a trailer, of ours."""
    return _escaped(text, "")


def typed(*words: object) -> str:
    """A command line as it can be typed: a shell finds nothing in its words but what they are, whoever named them."""
    import shlex  # for what few are told

    return shlex.join(plain_line(str(word)) for word in words)


def _escaped(text: str, kept: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if _is_plain(each) or each in kept else repr(each)[1:-1] for each in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # spaces of any width


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """A count in a message: `1 trial`, `1,164 trials`; the plural is the noun and an s unless it is given.

    Verbs go with their nouns: `plural(count, "record holds", "records hold")`.
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or f'{noun}s'}"


def duration(seconds: float | None, unknown: str = "") -> str:
    """A time to two decimals of its unit: `84.21 us`, `1.27 ms`, `2.40 s`; other words where nobody knows it."""
    if seconds is None:
        return unknown
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if round(seconds / scale, 2) < 1000:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds:.2f} s"


def rough(seconds: float) -> str:
    """A time to wait: `12 s`, `3 min`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
