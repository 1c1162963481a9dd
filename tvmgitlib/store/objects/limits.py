"""How much of anything is read out of a repository of another's making, in bytes unless another unit is named.

No honest library comes near any of these. What is above is refused before it is in memory.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from tvmgitlib.model import LibraryError

_MIB: Final = 1 << 20

#: An object, by its type.
MOST: Final = {"commit": _MIB, "tree": 16 * _MIB, "blob": 256 * _MIB}

#: A file that has a few lines in any library: settings, attributes, the fold's stamp.
MOST_OF_SMALL: Final = _MIB

#: What is in memory at once of several objects that are read together.
AT_ONCE: Final = 64 * _MIB

#: How many entries a folder may have, how many files and folders there may be below one, and how deep they go.
MOST_ENTRIES: Final = 1 << 17
MOST_FILES: Final = 1 << 20
MOST_DEPTH: Final = 64

#: How often one and the same folder may be there: a tree that names another many times over is small, and has no end.
MOST_REPEATS: Final = 1 << 12


def size_in_words(size: int) -> str:
    """A size in the unit that limits are said in: `64 MiB`, `64 KiB`."""
    return f"{size / _MIB:,.0f} MiB" if size >= _MIB else f"{size / 1024:,.0f} KiB"


class Bounds:
    """Counts what a walk through folders comes by.

    Args:
        path: where the walk begins, for messages.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0
        self._folders: Counter[str] = Counter()

    def step(self, depth: int, folder: str | None = None) -> None:
        """Come by a file or a folder.

        Args:
            depth: how many folders lie between it and the beginning.
            folder: the tree's id, of a folder.

        Raises:
            LibraryError: there are more, or deeper ones, than in any library.
        """
        self._count += 1
        if depth > MOST_DEPTH:
            raise self._too_much(f"folders over {MOST_DEPTH} deep")
        if self._count > MOST_FILES:
            raise self._too_much(f"more than {MOST_FILES:,} files")
        if folder is not None:
            self._folders[folder] += 1
            if self._folders[folder] > MOST_REPEATS:
                raise self._too_much(f"one folder over {MOST_REPEATS:,} times")

    def _too_much(self, what: str) -> LibraryError:
        return LibraryError(
            f"{what}, so it is not read further",
            file=self._path or None,
            hint="Revert the commit that added it, or take a commit before it.",
        )
