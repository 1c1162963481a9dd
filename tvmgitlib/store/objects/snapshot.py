"""A library's files as they stand in one commit, read from Git's objects: no checkout, no link is ever followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from tvmgitlib.errors import LibraryError
from tvmgitlib.store.objects.raw import FILE_MODE, TREE_MODE, Entry
from tvmgitlib.store.objects.reader import ObjectReader

_KINDS = {"120000": "a symbolic link", TREE_MODE: "a folder", "160000": "a submodule"}

#: `.` and `..`, separators (of Windows too), control characters, bytes that are not UTF-8.
_UNSAFE_NAME = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\\\x00-\x1f\x7f\udc80-\udcff]")

_REMOVE = "Remove it with git rm and commit, or revert the commit that added it."


class Snapshot:
    """One commit (or none yet), open for reading; a context manager, which forgets the folders that it has read.

    Attributes:
        commit: the commit's id; None for a branch without commits.
        state: our folder beside Git's, for what may be remembered of commits.
    """

    def __init__(self, reader: ObjectReader, commit: str | None, state: Path) -> None:
        self.commit = commit
        self.state = state
        self._reader = reader
        self._folders: dict[str, list[Entry]] = {}

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folders.clear()

    def entry(self, path: str) -> Entry | None:
        """What the commit has at a path; None when nothing is there."""
        folder, _, name = path.rpartition("/")
        if folder:
            above = self.entry(folder)
            if above is None or above.mode != TREE_MODE:
                return None
        return next((entry for entry in self.folder(folder) if entry.name == name), None)

    def folder(self, path: str) -> list[Entry]:
        """The entries of a folder (`""` is the root); none when it does not exist.

        Raises:
            LibraryError: the path is a file or a link.
        """
        if path not in self._folders:
            self._folders[path] = self._read_folder(path)
        return self._folders[path]

    def _read_folder(self, path: str) -> list[Entry]:
        if path:
            entry = self.entry(path)
            return self.below(entry) if entry else []
        return self._reader.tree(self.commit, f"{self.commit}^{{tree}}") if self.commit else []

    def has(self, tree: str) -> bool:
        """Whether a tree is here, by its id."""
        return self._reader.read(tree, "tree") is not None

    def below(self, folder: Entry) -> list[Entry]:
        """The entries of a folder that another one has.

        Raises:
            LibraryError: it is a file or a link, or this clone does not have it.
        """
        return self._reader.tree(folder.oid)

    def read(self, path: str) -> bytes | None:
        """The content of a file; None when it does not exist.

        Raises:
            LibraryError: the path is a folder or a link.
        """
        entry = self.entry(path)
        if entry is None:
            return None
        require_plain(path, entry)
        return self.blob(path, entry.oid)

    def entries(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Everything under a folder (`""` is the root) but folders, whatever it is, in Git's order.

        Raises:
            LibraryError: the path is a file or a link.
        """
        for entry in self.folder(path):
            yield from self._entries(f"{path}/{entry.name}" if path else entry.name, entry)

    def _entries(self, path: str, entry: Entry) -> Iterator[tuple[str, Entry]]:
        if entry.mode == TREE_MODE:
            for below in self.below(entry):
                yield from self._entries(f"{path}/{below.name}", below)
        else:
            yield path, entry

    def files(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Every file under a folder, in Git's order.

        Raises:
            LibraryError: something under it is neither a plain file nor a folder, or has a name that leaves it.
        """
        for below, entry in self.entries(path):
            require_plain(below, entry)
            yield below, entry

    def contents(self, files: Iterable[tuple[str, Entry]]) -> Iterator[tuple[str, bytes]]:
        """The contents of files that `files` gave."""
        listed = list(files)
        found = self._reader.read_all((entry.oid for _, entry in listed), "blob")
        for (path, _), content in zip(listed, found, strict=True):
            yield path, self._present(path, content)

    def blob(self, path: str, oid: str) -> bytes:
        """The content of the file that a blob id is known of.

        Raises:
            LibraryError: this clone does not have it.
        """
        return self._present(path, self._reader.read(oid, "blob"))

    def _present(self, path: str, content: bytes | None) -> bytes:
        if content is None:
            raise self._reader.missing(path)
        return content


def printable(path: str) -> str:
    """A path that any terminal can show: what is no printable text is escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in path)


def require_plain(path: str, entry: Entry) -> None:
    """Make sure that something in a commit is a plain file with a name that is safe on every system.

    Raises:
        LibraryError: saying what it is instead.
    """
    if _UNSAFE_NAME.search(path):
        raise LibraryError(
            "a name that the library does not allow: it leaves the folder, or no terminal can show it",
            file=printable(path),
            hint=_REMOVE,
        )
    if entry.mode != FILE_MODE:
        raise LibraryError(
            f"{_KINDS.get(entry.mode, 'an executable file')} where the library holds plain files only",
            file=path,
            hint=f"It is never followed. {_REMOVE}",
        )
