"""Reading objects through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from tvmgitlib.errors import LibraryError
from tvmgitlib.store.git import command, environment

FILE_MODE = "100644"
TREE_MODE = "40000"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a tree: mode (octal, no leading zero), name, object id."""

    mode: str
    name: str
    oid: str


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's content that is in the repository already, with the mode it shall have."""

    mode: str
    oid: str


class ObjectReader:
    """Reads blobs and trees; a context manager that ends its process."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            command(folder, ["cat-file", "--batch"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def read(self, name: str, kind: str) -> bytes | None:
        """The content of an object, or None when there is none of that name.

        Args:
            name: an object id, or `<commit>:<path>`.
            kind: the type it must have: `blob` or `tree`.

        Raises:
            LibraryError: the object has another type.
        """
        if "\n" in name:
            return None
        stdin, stdout = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        stdin.write(name.encode() + b"\n")
        stdin.flush()
        answer = stdout.readline().decode(errors="replace").split()
        if not answer:
            raise LibraryError("git cat-file ended early", file=name)
        if answer[-1] in ("missing", "ambiguous"):
            return None
        _, found, size = answer
        content = stdout.read(int(size))
        stdout.read(1)
        if found != kind:
            raise LibraryError(f"a {kind} was expected, this is a {found}", file=name)
        return content

    def tree(self, name: str) -> list[Entry]:
        """The entries of a tree; none when it does not exist."""
        content = self.read(name, "tree")
        return list(parse_tree(content, self._oid_size(name))) if content else []

    def _oid_size(self, name: str) -> int:
        return 32 if len(name.partition(":")[0]) == 64 else 20


def parse_tree(content: bytes, oid_size: int) -> Iterator[Entry]:
    """Parse a raw tree object: mode, space, name, NUL, binary id, over and over (gitformat-pack, "tree")."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        oid = content[end + 1 : end + 1 + oid_size]
        yield Entry(content[at:space].decode(), content[space + 1 : end].decode(errors="surrogateescape"), oid.hex())
        at = end + 1 + oid_size
