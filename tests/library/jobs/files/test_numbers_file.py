from __future__ import annotations

import random
from array import array

from tvmgitlib.library.jobs.files.numbers_file import NumbersFile


def test_what_was_put_away_comes_back_each_in_its_order() -> None:
    chance = random.Random(0)
    numbers = [array("Q", (chance.getrandbits(64) for _ in range(count))) for count in (0, 1, 1024, 1025, 5000)]
    file = NumbersFile()
    given = [file.put(each) for each in numbers]
    assert [list(each) for each in zip(given[3], given[4], strict=False)][:1] == [[numbers[3][0], numbers[4][0]]]
    assert [list(each) for each in given[:3]] == [list(each) for each in numbers[:3]]
