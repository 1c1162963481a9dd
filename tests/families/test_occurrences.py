from __future__ import annotations

import random
from collections import Counter

import pytest

from tvmgitlib.families.metaschedule import occurrences
from tvmgitlib.families.metaschedule.occurrences import Occurrences


@pytest.mark.parametrize("spread", ["random", "close", "the same slot"])
def test_numbers_are_counted_in_a_file_as_in_memory(monkeypatch: pytest.MonkeyPatch, spread: str) -> None:
    monkeypatch.setattr(occurrences, "_FEW", 8)
    chance = random.Random(0)
    different = {
        "random": [chance.getrandbits(64) for _ in range(600)],
        "close": [*range(300), *range(2**64 - 300, 2**64)],
        "the same slot": [number * pow(occurrences._SPREAD, -1, 1 << 64) % (1 << 64) for number in range(60)],
    }[spread]
    counted, known = Occurrences(), Counter[int]()
    for number in chance.choices(different, k=3000):
        assert counted.before(number) == known[number]
        known[number] += 1
