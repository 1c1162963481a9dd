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

#: How many entries a folder of the library may have, how many files and folders there may be below one, and how deep
#: they go.
MOST_ENTRIES: Final = 1 << 17
MOST_FILES: Final = 1 << 20
MOST_DEPTH: Final = 64

#: How many entries a walk may come by while it looks for some, and how many of the folders that it is in.
MOST_READ: Final = 1 << 21
MOST_HELD: Final = 1 << 20

#: How often one and the same folder may be there: a tree that names another many times over is small, and has no end.
MOST_REPEATS: Final = 1 << 12


class Bounds:
    """Counts what a walk through folders comes by.

    Args:
        path: where the walk begins, for messages.
        most_entries: how many entries one folder may have; a user's own is of any size that is read at all.
    """

    def __init__(self, path: str, most_entries: int = MOST_ENTRIES) -> None:
        self._path = path
        self._most_entries = most_entries
        self._count = 0
        self._folders: Counter[str] = Counter()
        self._read = 0
        self._held: list[int] = []

    def enter(self, depth: int, entries: int) -> None:
        """Read the entries of a folder.

        Args:
            depth: how many folders it is in, from the beginning.
            entries: how many it has.

        Raises:
            LibraryError: it has more than it may have; or the folders that it is in, or all that were read, than those
                of any library.
        """
        if entries > self._most_entries:
            raise too_much(self._path, f"more than {self._most_entries:,} entries in one folder")
        self._read += entries
        self._held[depth:] = [entries]
        if self._read > MOST_READ or sum(self._held) > MOST_HELD:
            raise too_much(self._path, f"more than {MOST_FILES:,} files")

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
            raise too_much(self._path, f"folders over {MOST_DEPTH} deep")
        if self._count > MOST_FILES:
            raise too_much(self._path, f"more than {MOST_FILES:,} files")
        if folder is not None:
            self._folders[folder] += 1
            if self._folders[folder] > MOST_REPEATS:
                raise too_much(self._path, f"one folder over {MOST_REPEATS:,} times")


#: Of a commit that was reverted, too: whoever walks through the history comes by it.
_TAKE_BACK: Final = "No later commit mends that: take the branch back to the commit before it."


def too_much(path: str, what: str, commit: str = "") -> LibraryError:
    """The error for folders that hold more than those of any library.

    Args:
        path: where, `""` for the root.
        what: there is.
        commit: of a history, the one that has it.
    """
    within = f" in {commit[:12]}" if commit else ""
    hint = "Revert the commit that added it, or take a commit before it." if not commit else _TAKE_BACK
    return LibraryError(f"{what}{within}, so it is not read further", file=path or None, hint=hint)
