"""A library's files as they stand in one commit, read from Git's objects: no checkout, no link is ever followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from tvmgitlib.errors import LibraryError
from tvmgitlib.store.objects import FILE_MODE, TREE_MODE, Entry, ObjectReader

_LINK_MODE = "120000"


class Snapshot:
    """One commit (or none yet), open for reading; a context manager.

    Attributes:
        commit: the commit's id; None for a branch without commits.
    """

    def __init__(self, folder: Path, commit: str | None) -> None:
        self.commit = commit
        self._reader = ObjectReader(folder)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def entry(self, path: str) -> Entry | None:
        """What the commit has at a path; None when nothing is there."""
        folder, _, name = path.rpartition("/")
        return next((entry for entry in self.folder(folder) if entry.name == name), None)

    def folder(self, path: str) -> list[Entry]:
        """The entries of a folder (`""` is the root); none when it does not exist.

        Raises:
            LibraryError: the path is a file or a link.
        """
        return self._reader.tree(f"{self.commit}:{path}") if self.commit else []

    def read(self, path: str) -> bytes | None:
        """The content of a file; None when it does not exist.

        Raises:
            LibraryError: the path is a folder or a link.
        """
        entry = self.entry(path)
        if entry is None:
            return None
        _require_file(path, entry)
        return self._reader.read(entry.oid, "blob")

    def files(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Every file under a folder, in Git's order.

        Raises:
            LibraryError: something under it is neither a plain file nor a folder, or has a name that leaves it.
        """
        for entry in self.folder(path):
            below = f"{path}/{entry.name}"
            if entry.name in (".", "..", "") or "/" in entry.name or "\\" in entry.name:
                raise LibraryError("a name that leaves the library", file=below)
            if entry.mode == TREE_MODE:
                yield from self.files(below)
            else:
                _require_file(below, entry)
                yield below, entry

    def contents(self, files: Iterable[tuple[str, Entry]]) -> Iterator[tuple[str, bytes]]:
        """The contents of files that `files` gave."""
        for path, entry in files:
            content = self._reader.read(entry.oid, "blob")
            if content is None:
                raise LibraryError("the object is missing from this clone", file=path, hint="Run git fetch --refetch.")
            yield path, content


def _require_file(path: str, entry: Entry) -> None:
    if entry.mode == FILE_MODE:
        return
    what = {_LINK_MODE: "a symbolic link", TREE_MODE: "a folder", "160000": "a submodule"}.get(
        entry.mode, "an executable file"
    )
    raise LibraryError(
        f"{what} where the library holds plain files only",
        file=path,
        hint="It is never followed. Remove it with git rm and commit, or revert the commit that added it.",
    )
