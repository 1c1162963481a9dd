"""Git's raw diff format: which paths differ between two trees, or between a tree and the index."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

#: The options that give this format, whatever the user's configuration says.
RAW = ("--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")

NO_MODE = "000000"


class Delta(Struct, frozen=True):
    """One path that differs: modes (octal, six digits), object ids (None where nothing is), and Git's status letter."""

    path: str
    old_mode: str
    new_mode: str
    old: str | None
    new: str | None
    status: str


def deltas(raw: bytes) -> Iterator[Delta]:
    """Read the output of `git diff-tree` or `git diff-index` with the options `RAW`."""
    fields = iter(raw.split(b"\0"))
    for meta, path in zip(fields, fields, strict=False):
        yield delta(meta, path)


def delta(meta: bytes, path: bytes) -> Delta:
    """Read one entry: `:<old mode> <new mode> <old id> <new id> <status>`, and the path after it."""
    old_mode, new_mode, old, new, status = meta.decode().lstrip(":").split()
    return Delta(
        path=path.decode(errors="surrogateescape"),
        old_mode=old_mode,
        new_mode=new_mode,
        old=None if old_mode == NO_MODE else old,
        new=None if new_mode == NO_MODE else new,
        status=status,
    )
