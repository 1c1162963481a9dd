"""Git that walks through folders, whatever somebody has put into them, and never for ever.

Git goes through whatever trees it is given, and remembers what it came by until it is through: a dozen small trees that
name each other many times over keep it busy for years. To look into all of them first would make everybody wait; so
that is done where Git says nothing for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from subprocess import Popen
from threading import Event, Thread

from tvmgitlib.model import TvmgitlibError
from tvmgitlib.store.git import Git, Waiting
from tvmgitlib.store.objects.expanse import Expanse
from tvmgitlib.store.objects.reader import ObjectReader

#: How long Git may say nothing before the folders are looked into, in seconds: it takes some 200 MB a second.
_PATIENCE = 1.0

#: The commits whose folders Git walks through, by any names of Git's, in about its own order.
Commits = Callable[[], Iterable[str]]


def unless_endless(git: Git, digits: int, commits: Commits, *folders: str) -> Waiting:
    """A way to wait for Git that ends it, and raises LibraryError, where folders hold more than any of a library.

    Args:
        git: Git in the repository.
        digits: how long ids are.
        commits: asked, in another thread, once Git has taken a while.
        folders: which of the commits' folders it walks through; `""` is the root.
    """
    return partial(_waiting, lambda over: _look(git, digits, commits, folders, over))


@contextmanager
def _waiting(look: Callable[[Event], None], process: Popen[bytes]) -> Iterator[None]:
    over = Event()
    found: list[TvmgitlibError] = []

    def watch() -> None:
        if over.wait(_PATIENCE):
            return
        try:
            look(over)
        except TvmgitlibError as error:
            found.append(error)
            process.kill()

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        if found:  # whatever was raised because Git had ended
            raise found[0]


def _look(git: Git, digits: int, commits: Commits, folders: Sequence[str], over: Event) -> None:
    with closing(ObjectReader(git)) as reader:
        expanse = Expanse(reader, digits)
        for commit in commits():
            if over.is_set():
                return
            for folder in folders:
                expanse.require_bounded(commit, folder, commit)
