from __future__ import annotations

import pytest

from tvmgitlib.model import listed, plural


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
