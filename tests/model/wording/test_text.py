from __future__ import annotations

import shlex
import subprocess

import pytest

from tvmgitlib.model import listed, plural, typed


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, ""), (1, "1"), (5, "1, 2, 3, 4, 5"), (6, "1, 2, 3, 4, 5 and 1 more"), (1487, "1, 2, 3, 4, 5 and 1,482 more")],
)
def test_a_message_says_the_first_names_and_counts_the_others(count: int, said: str) -> None:
    assert listed(map(str, range(1, count + 1))) == said


@pytest.mark.parametrize(("count", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1164, "1,164 trials")])
def test_a_count_and_what_it_counts(count: int, text: str) -> None:
    assert plural(count, "trial") == text
    assert plural(count, "record holds", "records hold") == text.replace("trials", "records hold").replace(
        "trial", "record holds"
    )


@pytest.mark.parametrize("name", ["main", "$(touch${IFS}x)", "`touch`", "a;b", "it's", "*", "a b", "é"])
def test_a_command_line_that_is_typed_has_the_very_words(name: str) -> None:
    said = typed("printf", "%s", name)
    assert shlex.split(said) == ["printf", "%s", name]
    assert subprocess.run(["sh", "-c", said], capture_output=True, check=True).stdout.decode() == name


def test_in_one_no_terminal_does_anything() -> None:
    assert typed("git", "a\nb\x1b") == r"git 'a\nb\x1b'"
