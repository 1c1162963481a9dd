"""What an honest repository may hold is not taken for a few trees that name each other many times over."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pytest

from tvmgitlib.model import LibraryError
from tvmgitlib.store import Repository
from tvmgitlib.store.objects import TREE_MODE, Entry, Expanse, NewObjects, write_pack
from tvmgitlib.store.objects.expanse import StoppedError
from tvmgitlib.store.objects.raw import FILE_MODE, make_tree


class Trees:
    """Trees that are to be written into a repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._new = NewObjects(repository.digits)

    def of(self, entries: Iterable[Entry]) -> str:
        return self._new.add("tree", make_tree(entries))

    def nested(self, width: int, depth: int) -> str:
        """A tree whose folders are one and the same, `width` in each."""
        oid = self.of([])
        for _ in range(depth):
            oid = self.repeated(oid, width)
        return oid

    def repeated(self, tree: str, times: int) -> str:
        return self.of(Entry(TREE_MODE, f"{number:06}", tree) for number in range(times))

    def large(self, files: int, first: int = 0) -> str:
        blob = self._new.add("blob", b"x")
        return self.of(Entry(FILE_MODE, f"{number:06}", blob) for number in range(first, first + files))

    def expanse(self, **options) -> Expanse:
        write_pack(self._repository.git, self._repository.common_dir / "objects", self._new)
        return Expanse(self._repository.reader, self._repository.digits, **options)


@pytest.fixture
def trees(repository: Repository) -> Trees:
    return Trees(repository)


def test_a_folder_may_be_as_large_as_its_user_likes(trees: Trees) -> None:
    root = trees.repeated(trees.large(140_000), 10)  # more than any library has, in the folder and in all
    trees.expanse().require_bounded(root, "")


@pytest.mark.slow
def test_a_tree_may_be_larger_than_any_of_a_library(trees: Trees) -> None:
    root = trees.large(700_000)
    trees.expanse().require_bounded(root, "")


@pytest.mark.parametrize(("width", "depth"), [(32, 12), (32, 5), (2, 60), (2_000, 2)])
def test_folders_that_are_there_over_and_over(trees: Trees, width: int, depth: int) -> None:
    root = trees.nested(width, depth)
    with pytest.raises(LibraryError, match=r"^the same files and folders over 1,048,576 times, so it is not"):
        trees.expanse().require_bounded(root, "")


def test_folders_may_be_as_deep_as_paths_are_long(trees: Trees) -> None:
    honest, endless = trees.nested(1, 511), trees.nested(1, 513)
    expanse = trees.expanse()
    expanse.require_bounded(honest, "")
    with pytest.raises(LibraryError, match="folders over 512 deep in 0123456789ab"):
        expanse.require_bounded(endless, "", "0123456789abcdef")


def test_what_nobody_has_to_know_any_more(trees: Trees) -> None:
    """It is asked before each tree, and what was begun is known by no halves."""
    root = trees.nested(32, 12)
    asked = count()
    expanse = trees.expanse(stop=lambda: next(asked) == 5)
    with pytest.raises(StoppedError):
        expanse.require_bounded(root, "")
    assert next(asked) == 6
    with pytest.raises(LibraryError, match="over 1,048,576 times"):
        expanse.require_bounded(root, "")
