"""How many suggestions a tuner's run may try: never does a run find anything more than `MOST` trials later for them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final

from tvmgitlib.rules.suggesting.fading import OWN_FIRST

#: The most suggestions tried that a tuner has not chosen itself, and after how many the model learns from them.
MOST: Final = 16
ROUND: Final = 8
#: Once a task has trials of its own: how many are suggested at a time, and after how many new ones of the tuner's.
_AGAIN: Final = 2
_BETWEEN: Final = 4


class Allowance:
    """What may still be suggested to a tuner that chooses as if it knew nothing of suggestions.

    Its trials are then those of a run without any, in the same order; between them are at most `MOST` others. One that
    the tuner comes to choose, too, has only been tried before its time: another may be suggested in its place.

    Args:
        spent: suggestions that were tried before an interruption.
    """

    def __init__(self, spent: int = 0) -> None:
        self._begun = self._lost = min(spent, MOST)
        self._open: set[Hashable] = set()
        self._chosen = 0
        self._since = 0

    def next(self) -> int:
        """How many to suggest now: in rounds before the tuner's first choice, later by twos, as others are chosen."""
        if self._chosen == 0:
            return min(ROUND, MOST - self._begun)
        if self._chosen < OWN_FIRST or self._since < _BETWEEN:
            return 0
        return min(_AGAIN, MOST - self._lost - len(self._open))

    def suggest(self, configs: Iterable[Hashable]) -> None:
        """Suggestions, by any names, are tried."""
        for config in configs:
            self._open.add(config)
            self._begun += 1
        self._since = 0

    def choose(self, configs: Iterable[Hashable]) -> None:
        """The tuner has chosen these."""
        for config in configs:
            self._chosen += 1
            if config in self._open:
                self._open.remove(config)
            else:
                self._since += 1
