"""Labels in a column that is too narrow for them: shorter, and still no two alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

_GAP = ".."

#: How much of a label's width its name may take at least, where name and arguments do not both fit.
_SHARE_OF_NAME = 0.5

#: The fewest digits of an id that tell labels apart; by so many people tell commits apart too.
_FEWEST_DIGITS = 4

_TYPE_OF_SHAPE = r"(?<=[0-9])x(?:bf|[a-z])[0-9]+\b"
_REPEATED = r"\[(-?[0-9]+)(?:,\1)*\]"


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide character, none for an accent on the one before."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def fitting(labels: Sequence[str], idents: Sequence[str], width: int) -> list[str]:
    """Labels in so many columns, where some do not fit.

    All are shortened alike: what those of one name have in common is left out, then what types and repetitions say.
    What is too long then is cut in its middle, and where that makes two look alike, each says the beginning of its id.

    Args:
        labels: the labels.
        idents: what stands for each of them, such as a workload's id; hexadecimal digits.
        width: how many columns there are.
    """
    if all(width_of(label) <= width for label in labels):
        return list(labels)
    short = _without_the_common(labels)
    cut = [_cut(label, width) for label in short]
    meant = defaultdict(set)
    for shown, ident in zip(cut, idents, strict=True):
        meant[shown].add(ident)
    digits = _digits_apart(idents)

    def marked(label: str, shown: str, ident: str) -> str:
        if len(meant[shown]) == 1:
            return shown
        mark = f" #{ident[:digits]}"
        return f"{_cut(label, width - len(mark))}{mark}"

    return [marked(*each) for each in zip(short, cut, idents, strict=True)]


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A text in lines of at most so many columns, those after the first further in; no word is broken, nor an option.

    Args:
        text: the text.
        width: how many columns there are.
        indent: what every line begins with.
    """
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(lines[-1]) + 1 + width_of(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent}{'    ' if lines else ''}{word}")
    return lines


def clipped(text: str, width: int) -> str:
    """A text of at most so many columns: where it is longer, its middle is left out."""
    if width_of(text) <= width:
        return text
    room = max(width - len(_GAP), 0)
    tail = _ending(text, room // 3)
    return f"{beginning(text, room - width_of(tail))}{_GAP[:width]}{tail}"


def beginning(text: str, width: int) -> str:
    """As much of a text as fits into so many columns."""
    taken = 0
    for at, char in enumerate(text):
        taken += width_of(char)
        if taken > width:
            return text[:at]
    return text


def _ending(text: str, width: int) -> str:
    return beginning(text[::-1], width)[::-1]


def _cut(label: str, width: int) -> str:
    """A label cut where it says the least: behind its name, and in the middle of a name that is long."""
    if width_of(label) <= width:
        return label
    name, bracket, rest = label.partition("(")
    if not bracket:
        return clipped(label, width)
    name = clipped(name, max(int(width * _SHARE_OF_NAME), width - width_of(rest) - 1) - 1)
    return f"{name}({clipped(rest, width - width_of(name) - 1)}"


def _digits_apart(idents: Iterable[str]) -> int:
    known = set(idents)
    longest = max(map(len, known))
    enough = (n for n in range(_FEWEST_DIGITS, longest) if len({ident[:n] for ident in known}) == len(known))
    return next(enough, longest)


def _without_the_common(labels: Sequence[str]) -> list[str]:
    """Labels with less in them: arguments that all of one name have in common, types of shapes, repetitions."""
    calls = [_call(label) for label in labels]
    alike: defaultdict[tuple[str, int], list[set[str]]] = defaultdict(list)
    for name, arguments, _ in calls:
        values = alike[name, len(arguments)]
        values.extend(set() for _ in range(len(arguments) - len(values)))
        for known, argument in zip(values, arguments, strict=True):
            known.add(argument)
    different = {key: [len(known) > 1 for known in values] for key, values in alike.items()}
    return [_said(call, different[call[0], len(call[1])]) for call in calls]


def _call(label: str) -> tuple[str, list[str], str]:
    """The name, the arguments, and what comes behind them."""
    name, bracket, rest = label.partition("(")
    inner, closing, behind = rest.rpartition(")")
    return (name, inner.split(", "), behind) if bracket and closing else (label, [], "")


def _said(call: tuple[str, list[str], str], different: Sequence[bool]) -> str:
    name, arguments, behind = call
    if not arguments:
        return name
    if not any(different):  # alone of its name: all is worth saying
        different = [True] * len(arguments)
    said: list[str] = []
    for argument, differs in zip(arguments, different, strict=True):
        if differs:
            said.append(re.sub(_REPEATED, r"\1", re.sub(_TYPE_OF_SHAPE, "", argument)))
        elif said[-1:] != [_GAP]:
            said.append(_GAP)
    return f"{name}({','.join(said)}){behind}"
