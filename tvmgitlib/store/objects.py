"""Reading objects through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from tvmgitlib.errors import LibraryError
from tvmgitlib.store.git import command, environment

FILE_MODE = "100644"
TREE_MODE = "40000"

#: Few enough that the questions fit into any pipe and the answers into memory.
_AT_ONCE = 16


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
            name: an object id, or `<commit>:<path>` without a line break.
            kind: the type it must have: `blob` or `tree`.

        Raises:
            LibraryError: the object has another type.
        """
        self._ask([name])
        return self._answer(name, kind)

    def read_all(self, oids: Iterable[str], kind: str) -> Iterator[bytes | None]:
        """The contents of many objects, a few at a time, so that neither side waits for the other at each of them."""
        remaining = iter(oids)
        while some := list(islice(remaining, _AT_ONCE)):
            self._ask(some)
            yield from [self._answer(oid, kind) for oid in some]

    def _ask(self, names: Sequence[str]) -> None:
        stdin = cast(BinaryIO, self._process.stdin)
        stdin.write("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
        stdin.flush()

    def _answer(self, name: str, kind: str) -> bytes | None:
        stdout = cast(BinaryIO, self._process.stdout)
        answer = stdout.readline().decode(errors="replace").split()
        if not answer:
            raise LibraryError("git cat-file ended early; git fsck says whether the repository is damaged", file=name)
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


def blob_id(content: bytes, digits: int) -> str:
    """The id that Git gives to a blob: SHA-1 (40 digits) or SHA-256 (64) of its header and content."""
    algorithm = hashlib.sha256 if digits == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
