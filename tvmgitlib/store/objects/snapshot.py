"""A library's files as they stand in one commit, read from Git's objects: no checkout, no link is ever followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from tvmgitlib.model import LibraryError, plain_line
from tvmgitlib.store.git import Git, Setting
from tvmgitlib.store.objects.limits import Bounds
from tvmgitlib.store.objects.raw import FILE_MODE, SUBMODULE_MODE, TREE_MODE, Entry
from tvmgitlib.store.objects.reader import ObjectReader

_KINDS = {"120000": "a symbolic link", TREE_MODE: "a folder", SUBMODULE_MODE: "a submodule"}

#: `.` and `..`, separators (of Windows too), control characters, bytes that are not UTF-8.
_UNSAFE_NAME = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\\\x00-\x1f\x7f\udc80-\udcff]")

_REMOVE = "Remove it with git rm and commit, or revert the commit that added it."


class Snapshot:
    """One commit (or none yet), open for reading; a context manager, which forgets the folders that it has read.

    Attributes:
        commit: the commit's id; None for a branch without commits.
        state: our folder beside Git's, for what may be remembered of commits.
    """

    def __init__(self, reader: ObjectReader, commit: str | None, state: Path, objects: Path, top: str = "") -> None:
        """
        Args:
            reader: reads the repository's objects.
            commit: the commit's id.
            state: our folder.
            objects: the repository's own folder of objects.
            top: the folder of the commit that all paths begin in; `""` for its root.
        """
        self.commit = commit
        self.state = state
        self._top = top
        self._objects = objects
        self._reader = reader
        self._folders: dict[str, list[Entry]] = {}
        self._named: dict[str, dict[str, Entry]] = {}

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folders.clear()
        self._named.clear()

    def at(self, commit: str) -> Snapshot:
        """Another commit of the same repository."""
        return Snapshot(self._reader, commit, self.state, self._objects)

    @property
    def git(self) -> Git:
        """Git in the commit's repository."""
        return self._reader.git

    @property
    def told(self) -> list[Setting] | None:
        """What Git has said it is configured to do, see `ObjectReader.told`."""
        return self._reader.told

    @property
    def is_head(self) -> bool:
        """Whether the commit is the one that is checked out."""
        return self.commit is not None and self._reader.resolve("HEAD") == self.commit

    @property
    def packed_size(self) -> int:
        """How large the packs of the commit's repository are, in bytes: whatever the commit has, it is in them."""
        return sum(pack.stat().st_size for pack in (self._objects / "pack").glob("*.pack"))

    def entry(self, path: str) -> Entry | None:
        """What the commit has at a path; None when nothing is there."""
        folder, _, name = path.rpartition("/")
        if folder:
            above = self.entry(folder)
            if above is None or above.mode != TREE_MODE:
                return None
        if folder not in self._named:  # where there are many, many may be asked for; of a name, Git takes the first
            self._named[folder] = {entry.name: entry for entry in reversed(self.folder(folder))}
        return self._named[folder].get(name)

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
            return self.below(entry, path) if entry else []
        entries = self._reader.tree(self.commit, f"{self.commit}^{{tree}}") if self.commit else []
        for name in filter(None, self._top.split("/")):
            found = next((entry for entry in entries if entry.name == name and entry.mode == TREE_MODE), None)
            entries = self.below(found) if found else []
        return entries

    def has(self, tree: str) -> bool:
        """Whether a tree is here, by its id."""
        return self._reader.read(tree, "tree") is not None

    def below(self, folder: Entry, path: str | None = None) -> list[Entry]:
        """The entries of a folder that another one has.

        Args:
            folder: the folder.
            path: where it is, for messages; None for its name.

        Raises:
            LibraryError: it is a file or a link, this clone does not have it, or it is larger than any of a library.
        """
        with _at(path or folder.name):
            return self._reader.tree(folder.oid)

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """The content of a file; None when it does not exist.

        Args:
            path: the file.
            most: how large it may be, in bytes; None for what any file of a library may be.

        Raises:
            LibraryError: the path is a folder or a link, or the file is larger.
        """
        entry = self.entry(path)
        if entry is None:
            return None
        require_plain(path, entry)
        return self.blob(path, entry.oid, most)

    def entries(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Everything under a folder (`""` is the root) but folders, whatever it is, in Git's order.

        Raises:
            LibraryError: the path is a file or a link; or there are more files, or deeper folders, than in any library.
        """
        bounds = Bounds(path)
        entries = self.folder(path)
        bounds.enter(0, len(entries))
        walked = [_named(path, entries)]
        while walked:
            here, entry = next(walked[-1], _END)
            if entry is None:
                walked.pop()
                continue
            is_folder = entry.mode == TREE_MODE
            bounds.step(len(walked), entry.oid if is_folder else None)
            if is_folder:
                entries = self.below(entry, here)
                bounds.enter(len(walked), len(entries))
                walked.append(_named(here, entries))
            else:
                yield here, entry

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
        for path, _ in listed:
            with _at(path):
                content = next(found)
            yield path, self._present(path, content)

    def digest(self, path: str) -> str:
        """SHA-256 over the files under a folder: of each the path, a NUL, and SHA-256 of the content, in Git's order.

        Raises:
            LibraryError: as `files`; or this clone does not have one of them.
        """
        digest = sha256()
        for below, content in self.contents(self.files(path)):
            digest.update(below.encode() + b"\0" + sha256(content).digest())
        return digest.hexdigest()

    def blob(self, path: str, oid: str, most: int | None = None) -> bytes:
        """The content of the file that a blob id is known of.

        Args:
            path: the file, for messages.
            oid: the blob.
            most: as for `read`.

        Raises:
            LibraryError: this clone does not have it, or it is larger.
        """
        with _at(path):
            return self._present(path, self._reader.read(oid, "blob", most))

    def _present(self, path: str, content: bytes | None) -> bytes:
        if content is None:
            raise self._reader.missing(path)
        return content


def _named(folder: str, entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """The entries of a folder by their paths."""
    return ((f"{folder}/{entry.name}" if folder else entry.name, entry) for entry in entries)


#: After the last entry of a folder.
_END: tuple[str, None] = ("", None)


@contextmanager
def _at(path: str) -> Iterator[None]:
    """Say of an object that cannot be had which path it is at."""
    try:
        yield
    except LibraryError as error:
        raise error.at(file=plain_line(path)) from None


def require_plain(path: str, entry: Entry) -> None:
    """Make sure that something in a commit is a plain file with a name that is safe on every system.

    Raises:
        LibraryError: saying what it is instead.
    """
    if _UNSAFE_NAME.search(path):
        raise LibraryError(
            "a name that the library does not allow: it leaves the folder, or no terminal can show it",
            file=plain_line(path),
            hint=_REMOVE,
        )
    if entry.mode != FILE_MODE:
        raise LibraryError(
            f"{_KINDS.get(entry.mode, 'an executable file')} where the library holds plain files only",
            file=path,
            hint=f"It is never followed. {_REMOVE}",
        )
