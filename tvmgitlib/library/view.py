"""A library as it is read: where its branch is by now, or fixed at one commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tvmgitlib.library.reading import Contents
from tvmgitlib.model import NO_TERMS, LibraryError, SelectionError, typed

if TYPE_CHECKING:
    from tvmgitlib.model import Terms
    from tvmgitlib.store import Repository

_log = logging.getLogger("tvmgitlib")


class View:
    """A library in its repository.

    Attributes:
        repository: the repository.
        fixed: the only commit that is read; None for the one that the branch is at whenever something is asked.
        terms: whose jobs are believed, beside what the user says.
    """

    def __init__(self, repository: Repository, commit: str | None = None, terms: Terms = NO_TERMS) -> None:
        self.repository = repository
        self.fixed = commit
        self.terms = terms
        self._told_stale: set[str | None] = set()

    @property
    def path(self) -> Path:
        """The top of the work tree, or the folder in it; of a bare repository, the Git directory."""
        return self.repository.root

    @property
    def commit(self) -> str:
        """The commit that is read.

        Raises:
            LibraryError: there is none.
        """
        found = self.fixed or self.repository.head
        if found is None:
            raise LibraryError("the library has no commit", file=str(self.path))
        return found

    def at(self, rev: str) -> View:
        """The library fixed at a commit.

        Raises:
            SelectionError: the revision names none.
        """
        commit = self.repository.resolve(rev)
        if commit is None:
            raise SelectionError(f"{rev!r} names no commit of the library", hint="git log shows its commits.")
        return View(self.repository, commit, self.terms)

    @contextmanager
    def reading(self, *, trusted: bool = True) -> Iterator[Contents]:
        """The library in its commit; one of a newer format is not read, unless it is not `trusted` anyway."""
        self.repository.recover()
        with self.repository.snapshot(self.commit) as snapshot:
            contents = Contents(snapshot, self.terms)
            if trusted:
                _ = contents.settings
            yield contents

    @contextmanager
    def answering(self) -> Iterator[Contents]:
        """`reading`, for answers that configs/ gives: a fold that it does not show is never served without a word."""
        with self.reading() as contents:
            if not contents.is_fresh and contents.snapshot.commit not in self._told_stale:
                self._told_stale.add(contents.snapshot.commit)
                _log.warning(
                    "configs/ %s: answering from jobs/ itself; tvmgitlib rebuild mends it",
                    "says that it was folded from jobs/, and is not (somebody wrote it, or an earlier version)"
                    if contents.is_stamped
                    else "does not belong to jobs/ (after a plain git merge or revert, say)",
                )
            yield contents

    @property
    def whole(self) -> Repository:
        """The repository, for what is about all of it.

        Raises:
            LibraryError: the library is a folder of one that has other things too.
        """
        if self.repository.folder:
            raise part_error(self.repository)
        return self.repository

    @property
    def writable(self) -> Repository:
        """The repository, to commit into.

        Raises:
            LibraryError: the library is fixed at a commit, or a folder of a larger repository.
        """
        if self.fixed is not None:
            raise LibraryError(
                f"the library is fixed at {self.fixed[:12]}, which is for reading only", file=str(self.path)
            )
        return self.whole


def part_error(part: Repository, hint: str = "") -> LibraryError:
    """The error for a library's files in a folder of a larger repository, where they cannot be taken for a library.

    Args:
        part: the repository, within that folder.
        hint: what else one can do.
    """
    around = str(part.root).removesuffix(f"/{part.folder}")
    return LibraryError(
        f"{part.folder} is a folder of {around}, which is for reading only: a library is a Git repository of its own",
        file=str(part.root),
        hint=f"{hint}Make one of it, with its history: {typed('git', 'clone', around, 'kernels')}, then "
        f"{typed('git', '-C', 'kernels', 'filter-branch', '--subdirectory-filter', part.folder)}. Then add that as a "
        "submodule in the folder's place.",
    )
