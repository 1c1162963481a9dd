"""Git's objects as bytes: their ids, and what a tree looks like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

FILE_MODE = "100644"
TREE_MODE = "40000"
SUBMODULE_MODE = "160000"

_CHUNK = 1 << 20


class Entry(NamedTuple):
    """An entry of a tree: mode (octal, no leading zero), name, object id."""

    mode: str
    name: str
    oid: str


class Blob(Struct, frozen=True):
    """A file's content by its id, with the mode it shall have.

    Attributes:
        mode: octal, no leading zero.
        oid: the blob's id.
        content: what it holds, where the repository may not have it yet.
    """

    mode: str
    oid: str
    content: bytes | None = None

    def __eq__(self, other: object) -> bool:
        return (self.mode, self.oid) == (other.mode, other.oid) if isinstance(other, Blob) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.mode, self.oid))


class FileContent(Struct, frozen=True):
    """The content of a file of this machine, which is never held in memory as a whole.

    Attributes:
        path: the file; it must not change any more.
        size: its size in bytes.
    """

    path: Path
    size: int

    def __len__(self) -> int:
        return self.size

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, a piece at a time.

        Raises:
            OSError: it cannot be read.
        """
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def chunks_of(content: bytes | FileContent) -> Iterable[bytes]:
    """The bytes of a content, a piece at a time."""
    return [content] if isinstance(content, bytes) else content.chunks()


def object_id(kind: str, content: bytes | FileContent, digits: int) -> str:
    """The id that Git gives to an object: SHA-1 (40 digits) or SHA-256 (64) of its header and content."""
    algorithm = hashlib.sha256 if digits == 64 else hashlib.sha1
    digest = algorithm(b"%s %d\0" % (kind.encode(), len(content)), usedforsecurity=False)
    for chunk in chunks_of(content):
        digest.update(chunk)
    return digest.hexdigest()


def blob_id(content: bytes, digits: int) -> str:
    """The id that Git gives to a file's content."""
    return object_id("blob", content, digits)


def parse_tree(content: bytes, oid_size: int) -> Iterator[Entry]:
    """Parse a raw tree object: mode, space, name, NUL, binary id, over and over (gitformat-pack, "tree")."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        oid = content[end + 1 : end + 1 + oid_size]
        yield Entry(content[at:space].decode(), content[space + 1 : end].decode(errors="surrogateescape"), oid.hex())
        at = end + 1 + oid_size


def read_tree(content: bytes, oid_size: int) -> list[Entry]:
    """The entries of a raw tree that Git could have written: each name once, in Git's order.

    In any other one Git finds another entry than it lists, or none: what was compared is not what is read.

    Raises:
        ValueError: it is no tree, or Git would not have written it.
    """
    entries = list(parse_tree(content, oid_size))
    if len({entry.name for entry in entries}) != len(entries):
        raise ValueError("a name twice")
    if make_tree(entries) != content:
        raise ValueError("not in Git's order")
    if any("/" in entry.name or not entry.name for entry in entries):
        raise ValueError("a name that is none")
    return entries


def make_tree(entries: Iterable[Entry]) -> bytes:
    """The raw tree object of some entries, in the order that Git wants: a folder as if its name ended in a slash."""
    listed = [(entry.name.encode(errors="surrogateescape"), entry) for entry in entries]
    listed.sort(key=lambda pair: pair[0] + b"/" if pair[1].mode == TREE_MODE else pair[0])
    return b"".join(b"%s %s\0%s" % (entry.mode.encode(), name, bytes.fromhex(entry.oid)) for name, entry in listed)
