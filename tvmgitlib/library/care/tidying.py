"""Housekeeping: `tvmgitlib gc`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.outlines import compact, index_size
from tvmgitlib.store import Repository, collect, objects_size


class Footprint(Struct, frozen=True):
    """What a library takes on the disk, beside its work tree.

    Attributes:
        objects: of its Git objects, in bytes, to a kibibyte; what it borrows from another repository does not count.
        packs: how many packs they are in.
        loose: how many objects are in none.
        index: of the reading index, in bytes; 0 where there is none.
    """

    objects: int
    packs: int
    loose: int
    index: int

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return self.objects + self.index


class Tidied(Struct, frozen=True):
    """What a library took on the disk before and after its housekeeping."""

    before: Footprint
    after: Footprint

    def to_json(self) -> dict[str, Any]:
        """The fields that `--json` prints."""
        return {"before": asdict(self.before), "after": asdict(self.after)}


def tidy(repository: Repository) -> Tidied:
    """Do the housekeeping; see `ConfigLibrary.gc`."""
    before = _footprint(repository)
    collect(repository)
    compact(repository.state)
    return Tidied(before, _footprint(repository))


def _footprint(repository: Repository) -> Footprint:
    found = objects_size(repository)
    return Footprint(found.size, found.packs, found.loose, index_size(repository.state))
