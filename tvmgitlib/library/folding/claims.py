"""What was proven of configs/, or taken on a remote's word: remembered, so that it is not proven again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from tvmgitlib import families
from tvmgitlib._version import __version__
from tvmgitlib.format import SETTINGS_FILE, configs_file
from tvmgitlib.library.folding.memory import Memory
from tvmgitlib.model import JOBS, LibraryError, MissingError

if TYPE_CHECKING:
    from tvmgitlib.library.folding.library import Stamped

#: The file of what was taken on a remote's word: no proof of anything, so it is apart from what was proven.
_WORDS = "words"


def is_known(library: Stamped) -> bool:
    """Whether the settings and configs/ were proven to be right, here or in any other clone of this user's."""
    memory = Memory(library.snapshot.state)
    claim = _claim(library)
    if memory.has(claim):
        return True
    if memory.is_empty:  # as on a server, whose hook remembers nothing: all folders would be looked through
        return False
    try:
        of_families = _claim(library, _others(library))
    except LibraryError:  # something is in configs/ that is no file
        return False
    return of_families != claim and memory.has(of_families)


def remember_fold(library: Stamped) -> None:
    """Take down that configs/ is the fold of its jobs: whoever wrote it has just made it so, or proven it."""
    commit = library.snapshot.commit
    if commit is not None:
        Memory(library.snapshot.state).add(_claim(library, _others(library)), commit)


def take_word(library: Stamped, missing: str) -> None:
    """Take a remote's word for configs/, in this clone alone, and for as long as nothing here could prove it.

    Args:
        library: the library in a commit.
        missing: the id of a segment of it that this clone does not have.
    """
    Memory(library.snapshot.state, _WORDS).add(_claim(library), missing)


def is_on_word(library: Stamped) -> bool:
    """Whether a remote's word is taken for configs/: that was done here, and what a proof would need is missing."""
    for segment in Memory(library.snapshot.state, _WORDS).noted_with(_claim(library)):
        try:
            library.snapshot.blob("jobs", segment)
        except MissingError:
            return True
    return False


def _claim(library: Stamped, others: Iterable[str] = ()) -> str:
    """What would be proven, as a digest: these files are right, and the fold of these jobs, by this version's rules.

    It is told by the ids of objects alone: nothing has to be read to know that it was proven.

    Args:
        library: the library.
        others: who provides families that are not of this package: what they find right may change with them.
    """
    files = (library.snapshot.entry(name) for name in (SETTINGS_FILE, JOBS, "configs"))
    said = [__version__, *(entry.oid if entry is not None else None for entry in files), *others]
    return sha256(json.dumps(said).encode()).hexdigest()


def _others(library: Stamped) -> list[str]:
    names = {configs_file(path).family for path, _ in library.config_files()}
    return [families.provider(name) for name in sorted(names) if not families.is_shipped(name)]
