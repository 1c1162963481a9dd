"""How much folders hold in all: each tree is read once, however often it is named, so that it is soon known of any."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tvmgitlib.store.objects.limits import MOST_DEPTH, MOST_ENTRIES, MOST_FILES, too_much
from tvmgitlib.store.objects.raw import TREE_MODE, parse_tree
from tvmgitlib.store.objects.reader import ObjectReader


class _Size(NamedTuple):
    """How many files and folders are below a folder, and how deep they go."""

    files: int = 0
    depth: int = 0


class Expanse:
    """Sizes of folders that Git is to walk through: a few trees that name each other many times keep it for years.

    Args:
        reader: reads the trees.
        digits: how long ids are.
    """

    def __init__(self, reader: ObjectReader, digits: int) -> None:
        self._reader = reader
        self._digits = digits
        self._sizes: dict[str, _Size] = {}

    def require_bounded(self, commit: str, path: str, told: str = "") -> None:
        """Make sure that a folder holds no more than any of a library; where there is none, nothing is below it.

        Args:
            commit: a commit that has it, by any name of Git's.
            path: the folder; `""` for the root.
            told: the commit, for messages, where it is one of a history.

        Raises:
            LibraryError: it holds more, or folders are deeper.
        """
        size = self._size(f"{commit}:{path}/" if path else f"{commit}^{{tree}}")
        if size.depth > MOST_DEPTH:
            raise too_much(path, f"folders over {MOST_DEPTH} deep", told)
        if size.files > MOST_FILES:
            raise too_much(path, f"more than {MOST_FILES:,} files", told)

    def _size(self, tree: str, above: int = 0) -> _Size:
        """The size of a folder, by a name of its tree. Nobody looks into what is too deep: that it is, is enough."""
        if above > MOST_DEPTH:
            return _Size(depth=MOST_DEPTH)
        if tree not in self._sizes:
            files, folders = self._entries(tree)
            deepest = 0
            for folder, times in folders.items():
                if files > MOST_FILES:
                    break
                below = self._size(folder, above + 1)
                files += times * below.files
                deepest = max(deepest, below.depth)
            self._sizes[tree] = _Size(files, 1 + deepest)
        return self._sizes[tree]

    def _entries(self, tree: str) -> tuple[int, Counter[str]]:
        """How many entries a folder has, and how often each folder is among them: no more of it is kept."""
        count, folders = 0, Counter[str]()
        try:
            for entry in parse_tree(self._reader.read(tree, "tree") or b"", self._digits // 2):
                count += 1
                if entry.mode == TREE_MODE:
                    folders[entry.oid] += 1
        except ValueError:  # it is damaged: Git says so
            pass
        return (count if count <= MOST_ENTRIES else MOST_FILES + 1), folders
