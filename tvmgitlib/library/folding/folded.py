"""configs/ before and after a change, and what is counted of the difference."""

from __future__ import annotations

from msgspec import Struct

from tvmgitlib.rules.fold import Configs, Group, group_of


class Folded(Struct, frozen=True):
    """configs/ before and after a change.

    Attributes:
        before, after: the records by file.
        whole: whether that is all of configs/, or only the files that the change bears on.
    """

    before: Configs
    after: Configs
    whole: bool

    @property
    def left(self) -> set[bytes]:
        """Lines that are in configs/ no longer."""
        return _lines(self.before) - _lines(self.after)

    @property
    def entered(self) -> set[bytes]:
        """Lines that came into configs/."""
        return _lines(self.after) - _lines(self.before)

    @property
    def improved(self) -> int:
        """How many groups have a best record that was not their best before."""
        old, new = _best_lines(self.before), _best_lines(self.after)
        return sum(old.get(place) != line for place, line in new.items())


def _lines(configs: Configs) -> set[bytes]:
    return {stored.line for records in configs.values() for stored in records}


def _best_lines(configs: Configs) -> dict[tuple[str, Group], bytes]:
    best: dict[tuple[str, Group], bytes] = {}
    for path, records in configs.items():
        for stored in records:
            best.setdefault((path, group_of(stored, "")), stored.line)
    return best
