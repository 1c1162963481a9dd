"""What is small in a repository and large when it is read: objects of one piece that is repeated, written as Git would.

The ids of the largest are drawn: they are refused before anybody can look whether it is the right one.
"""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

from tvmgitlib.store.objects.raw import TREE_MODE, Entry, make_tree

MIB = 1 << 20


class Bombs:
    """Writes objects into a library's repository, and commits them.

    Args:
        path: the library.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", self.path, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def loose(self, kind: str, content: bytes, piece: bytes = b"", times: int = 0) -> str:
        """An object of a content and a piece many times over; returns its id."""
        whole = b"%s %d\0%s" % (kind.encode(), len(content) + len(piece) * times, content)
        deflate = zlib.compressobj(1)
        parts = [deflate.compress(whole), deflate.flush(zlib.Z_FULL_FLUSH)]
        repeated = zlib.compressobj(9, zlib.DEFLATED, -15)
        parts += [repeated.compress(piece) + repeated.flush(zlib.Z_FULL_FLUSH)] * times
        last = zlib.compressobj(1, zlib.DEFLATED, -15).flush()
        parts += [last, _adler(zlib.adler32(whole), piece, times).to_bytes(4, "big")]
        hashed = whole + piece * (times if len(piece) * times < 64 * MIB else 1)
        oid = hashlib.sha1(hashed, usedforsecurity=False).hexdigest()
        file = self.path / ".git" / "objects" / oid[:2] / oid[2:]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"".join(parts))
        return oid

    def tree(self, entries: Iterable[Entry]) -> str:
        return self.loose("tree", make_tree(entries))

    def nested(self, width: int, depth: int, *, is_empty: bool = False) -> str:
        """A tree whose folders are one and the same, `width` in each: all together `width ** depth`.

        Args:
            width, depth: how many folders.
            is_empty: whether no file is in them.
        """
        oid = self.tree([] if is_empty else [self._leaf()])
        for _ in range(depth):
            oid = self.tree(Entry(TREE_MODE, f"{number:04x}", oid) for number in range(width))
        return oid

    def comb(self, width: int, depth: int) -> str:
        """A folder whose first entry is such a folder, and so on, with many files after it."""
        leaf = self._leaf()
        oid = self.tree([leaf])
        files = make_tree(Entry(leaf.mode, f"{number:05x}", leaf.oid) for number in range(width))
        for _ in range(depth):
            oid = self.loose("tree", make_tree([Entry(TREE_MODE, "-", oid)]) + files)
        return oid

    def repeated(self, width: int, times: int, first: str) -> str:
        """A folder of many files, whose first is named, many times over."""
        leaf = self._leaf()
        files = (Entry(leaf.mode, f"{number:05x}", leaf.oid) for number in range(width))
        oid = self.tree([Entry(leaf.mode, f"-{first}", leaf.oid), *files])
        return self.tree(Entry(TREE_MODE, f"{number:04x}", oid) for number in range(times))

    def _leaf(self) -> Entry:
        return Entry("100644", "leaf", self.loose("blob", b"x"))

    def take_back(self) -> None:
        """Commit the files of the commit before."""
        tree, head = self.git("rev-parse", "HEAD~1^{tree}"), self.git("rev-parse", "HEAD")
        who = "Eve <eve@example.com> 1700000001 +0000"
        self.commit(f"tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n\ntaken back\n".encode())

    def put(self, path: str, mode: str, oid: str) -> None:
        """Commit an object at a path of the current commit."""
        tree = self._with("", path.split("/"), Entry(mode, "", oid))
        who = "Eve <eve@example.com> 1700000000 +0000"
        head = self.git("rev-parse", "HEAD")
        self.commit(f"tree {tree}\nparent {head}\nauthor {who}\ncommitter {who}\n\nplanted\n".encode())

    def commit(self, content: bytes, piece: bytes = b"", times: int = 0) -> None:
        """Move the branch to a commit of such a content."""
        head = self.path / ".git" / self.git("symbolic-ref", "HEAD")
        head.write_text(self.loose("commit", content, piece, times) + "\n")

    def _with(self, folder: str, names: list[str], planted: Entry) -> str:
        listed = self.git("ls-tree", f"HEAD:{folder}").splitlines() if folder != "none" else []
        entries = [_entry(line) for line in listed]
        name, *rest = names
        if rest:
            planted = Entry(TREE_MODE, "", self._with(f"{folder}/{name}" if folder else name, rest, planted))
        kept = [entry for entry in entries if entry.name != name]
        return self.tree([*kept, Entry(planted.mode, name, planted.oid)])


def _entry(line: str) -> Entry:
    meta, _, name = line.partition("\t")
    mode, _, oid = meta.split()
    return Entry(mode.lstrip("0"), name, oid)


def _adler(begun: int, piece: bytes, times: int) -> int:
    """The check sum of zlib after a piece many times over (RFC 1950: two sums, modulo 65521)."""
    a, b = begun & 0xFFFF, begun >> 16
    one = zlib.adler32(piece, 0)
    add, of_piece, size = one & 0xFFFF, one >> 16, len(piece)
    for _ in range(times):
        b = (b + size * a + of_piece) % 65521
        a = (a + add) % 65521
    return b << 16 | a
