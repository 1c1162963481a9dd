"""How much folders hold in all: each tree is read once, however often it is named, so that it is soon known of any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from tvmgitlib.store.objects.limits import too_much
from tvmgitlib.store.objects.raw import TREE_MODE, parse_tree
from tvmgitlib.store.objects.reader import ObjectReader

#: Who goes through folders may come by so many files and folders, and by more only where their trees name more: each
#: name this many times, on average. Honest repositories have millions of files, but not the same ones.
_MOST: Final = 1 << 20
_MOST_TIMES: Final = 64

#: How deep folders go; Git itself stops at 2,048 (core.maxTreeDepth).
_MOST_DEPTH: Final = 512

#: How large the tree of one folder is, in bytes.
_MOST_OF_TREE: Final = 64 << 20


class StoppedError(Exception):
    """Nobody has to know any more."""


class _Size(NamedTuple):
    """How many files and folders are below a folder, and how deep they go."""

    files: int = 0
    depth: int = 0


class Expanse:
    """Sizes of folders that Git is to walk through: a few trees that name each other many times keep it for years.

    They are anybody's, so what is held against them is no library's measure, only how often the same is there.

    Args:
        reader: reads the trees.
        digits: how long ids are.
        stop: asked before each tree; yes raises StoppedError.
    """

    def __init__(self, reader: ObjectReader, digits: int, stop: Callable[[], bool] = lambda: False) -> None:
        self._reader = reader
        self._digits = digits
        self._stop = stop
        self._sizes: dict[str, _Size] = {}
        self._named = 0

    def require_bounded(self, commit: str, path: str, told: str = "") -> None:
        """Make sure that a folder has an end; where there is none, nothing is below it.

        Args:
            commit: a commit that has it, by any name of Git's.
            path: the folder; `""` for the root.
            told: the commit, for messages, where it is one of a history.

        Raises:
            LibraryError: the same files are there over and over, or folders are deeper than any.
        """
        size = self._size(f"{commit}:{path}/" if path else f"{commit}^{{tree}}")
        if size.depth > _MOST_DEPTH:
            raise too_much(path, f"folders over {_MOST_DEPTH} deep", told)
        if size.files > max(_MOST, _MOST_TIMES * self._named):
            raise too_much(path, f"the same files and folders over {_MOST:,} times", told)

    def _size(self, tree: str, above: int = 0) -> _Size:
        """The size of a folder, by a name of its tree. Nobody looks into what is too deep: that it is, is enough."""
        if self._stop():
            raise StoppedError
        if above > _MOST_DEPTH:
            return _Size(depth=_MOST_DEPTH)
        if tree not in self._sizes:
            entries, folders = self._entries(tree)
            files, deepest = entries, 0
            for folder, times in folders.items():
                below = self._size(folder, above + 1)
                files += times * below.files
                deepest = max(deepest, below.depth)
            self._named += entries
            self._sizes[tree] = _Size(files, 1 + deepest)
        return self._sizes[tree]

    def _entries(self, tree: str) -> tuple[int, Counter[str]]:
        """How many entries a folder has, and how often each folder is among them: no more of it is kept."""
        count, folders = 0, Counter[str]()
        try:
            for entry in parse_tree(self._reader.read(tree, "tree", _MOST_OF_TREE) or b"", self._digits // 2):
                count += 1
                if entry.mode == TREE_MODE:
                    folders[entry.oid] += 1
        except ValueError:  # it is damaged: Git says so
            pass
        return count, folders
