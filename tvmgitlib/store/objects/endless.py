"""Git that walks through folders, whatever somebody has put into them, and never for ever.

Git goes through whatever trees it is given, and remembers what it came by until it is through: a dozen small trees that
name each other many times over keep it busy for years. To look into all of them first would make everybody wait; so
that is done once Git has taken a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from subprocess import Popen
from threading import Event, Thread

from tvmgitlib.store.git import Git, Waiting
from tvmgitlib.store.objects.expanse import Expanse, StoppedError
from tvmgitlib.store.objects.reader import ObjectReader

#: How long Git may take before the folders are looked into, in seconds: it goes through some 200 MB of them in one.
_PATIENCE = 1.0


class Watch:
    """Looks into the folders that Git walks through. What one wait has looked into, the next one does not.

    Args:
        git: Git in the repository.
        digits: how long ids are.
        folders: which of the commits' folders it walks through; `""` is the root.
        history: whether it walks through a history, so that no later commit mends what one holds.
    """

    def __init__(self, git: Git, digits: int, *folders: str, history: bool = False) -> None:
        self._reader = ObjectReader(git)
        self._over = Event()
        self._expanse = Expanse(self._reader, digits, self._over.is_set)
        self._folders = folders
        self._history = history

    def of(self, commits: Iterable[str]) -> Waiting:
        """A way to wait for Git, also several times, that ends it and raises LibraryError where folders have no end.

        It fails closed: what cannot be looked into ends Git too, and is raised.

        Args:
            commits: those that Git walks through, by any names of Git's, in about its own order; only asked, in another
                thread, once Git has taken a while.
        """
        return partial(self._waiting, iter(commits), list[str]())

    @contextmanager
    def _waiting(self, remaining: Iterator[str], begun: list[str], process: Popen[bytes]) -> Iterator[None]:
        found: list[Exception] = []

        def watch() -> None:
            if self._over.wait(_PATIENCE):
                return
            try:
                with closing(self._reader):
                    self._look(remaining, begun)
            except StoppedError:
                pass
            except Exception as error:
                found.append(error)
                process.kill()

        self._over.clear()
        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._over.set()
            watcher.join()
            if found:  # whatever was raised because Git had ended
                raise found[0]

    def _look(self, remaining: Iterator[str], begun: list[str]) -> None:
        """Look into commits, those first that were begun when the wait before was over."""
        for commit in chain(tuple(begun), remaining):
            begun[:] = [commit]
            for folder in self._folders:
                self._expanse.require_bounded(commit, folder, commit if self._history else "")


def unless_endless(git: Git, digits: int, commits: Iterable[str], *folders: str, history: bool = False) -> Waiting:
    """A way to wait once for Git that walks through some folders of commits: see `Watch`."""
    return Watch(git, digits, *folders, history=history).of(commits)
