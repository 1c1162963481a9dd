"""Commits as Git writes them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from msgspec import Struct

from tvmgitlib.model import GitError


class Author(Struct, frozen=True):
    """The author of a commit that is made again: name, email, and date as Git writes it (`<seconds> <zone>`)."""

    name: str
    email: str
    date: str

    @property
    def text(self) -> str:
        """As a commit says it."""
        return f"{self.name} <{self.email}> {self.date}"


class Commit(Struct, frozen=True):
    """A commit as it was read.

    Attributes:
        tree: id of the root.
        parents: ids of the commits that it builds on.
        author: who wrote it.
        message: its message.
    """

    tree: str
    parents: tuple[str, ...]
    author: Author
    message: str


def make_commit(tree: str, parents: Sequence[str], author: str, committer: str, message: str) -> bytes:
    """The raw commit object.

    Args:
        tree: id of the root.
        parents: ids.
        author, committer: `Name <email> <seconds> <zone>`.
        message: its message.

    Raises:
        GitError: the message has a NUL, which no commit can hold.
    """
    if "\0" in message:
        raise GitError("a commit's message cannot hold a NUL character")
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in dict.fromkeys(parents))]
    lines += [f"author {author}", f"committer {committer}", "", message]
    return "\n".join(lines).encode(errors="surrogateescape")


def parse_commit(content: bytes) -> Commit:
    """Read a raw commit object.

    Raises:
        GitError: it is none.
    """
    head, _, body = content.partition(b"\n\n")
    fields = [line.split(b" ", 1) for line in head.split(b"\n") if b" " in line]
    named = takewhile(lambda field: field[0] == b"parent", fields[1:])  # Git takes no line for one that comes later
    parents = tuple(value.decode(errors="replace") for _, value in named)
    values = dict(reversed(fields))
    encoding = values.get(b"encoding", b"utf-8").decode(errors="replace")
    person, _, date = _text(values.get(b"author", b""), encoding).rpartition("> ")
    name, _, email = person.partition(" <")
    if b"tree" not in values:
        raise GitError("a damaged commit", hint="git fsck says more.")
    return Commit(values[b"tree"].decode(errors="replace"), parents, Author(name, email, date), _text(body, encoding))


def _text(field: bytes, encoding: str) -> str:
    try:
        return field.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return field.decode(errors="replace")
