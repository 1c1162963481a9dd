"""While Git takes long, the folders that it goes through are looked into; whatever is wrong with them ends it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from subprocess import Popen
from threading import Event

import pytest

from tvmgitlib.model import LibraryError
from tvmgitlib.store import Repository
from tvmgitlib.store.objects import TREE_MODE, Entry, NewObjects, Watch, unless_endless, write_pack
from tvmgitlib.store.objects.raw import make_tree


@pytest.fixture
def process(repository: Repository) -> Iterator[Popen[bytes]]:
    """A Git that goes on until it is ended."""
    with repository.git.start("cat-file", "--batch") as started:
        yield started
        started.kill()


@pytest.fixture
def endless(repository: Repository) -> str:
    """A tree that has no end: it stands for a commit of it, too."""
    new = NewObjects(repository.digits)
    oid = new.add("tree", b"")
    for _ in range(12):
        oid = new.add("tree", make_tree(Entry(TREE_MODE, f"{number:02}", oid) for number in range(32)))
    write_pack(repository.git, repository.common_dir / "objects", new)
    return oid


@pytest.mark.parametrize(
    ("history", "way_out"), [(False, "Revert the commit that added it"), (True, "No later commit mends that")]
)
def test_git_is_ended(repository: Repository, process: Popen[bytes], endless: str, history: bool, way_out: str) -> None:
    waiting = unless_endless(repository.git, repository.digits, [endless], "", history=history)
    with pytest.raises(LibraryError, match="over 1,048,576 times") as refused, waiting(process):
        process.wait()
    assert refused.value.hint is not None
    assert refused.value.hint.startswith(way_out)
    assert (endless[:12] in refused.value.message) == history


def test_what_cannot_be_looked_into_ends_git_too(repository: Repository, process: Popen[bytes]) -> None:
    def commits() -> Iterator[str]:
        yield from ()
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    waiting = unless_endless(repository.git, repository.digits, commits(), "")
    with pytest.raises(OSError, match="Too many open files"), waiting(process):
        process.wait()


def test_each_commit_is_asked_for_once(repository: Repository, process: Popen[bytes], endless: str) -> None:
    """However often Git is waited for while it goes through a history."""
    asked, looked = [], Event()

    def commits() -> Iterator[str]:
        for number in range(3):
            asked.append(number)
            looked.set()
            yield "no-such-commit"
        yield endless

    waiting = Watch(repository.git, repository.digits, "").of(commits())
    with waiting(process):
        pass  # Git is fast
    assert asked == []
    with waiting(process):
        assert looked.wait(60)
    with pytest.raises(LibraryError, match="over 1,048,576 times"), waiting(process):
        process.wait()
    assert asked == [0, 1, 2]
