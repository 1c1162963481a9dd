"""Writing objects: blobs, and the trees from a changed file up to the root. Nothing else of a tree is read."""

from __future__ import annotations

import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from tvmgitlib.store.git import DURABLE, command, environment, failure, git
from tvmgitlib.store.objects import FILE_MODE, TREE_MODE, Blob, Entry
from tvmgitlib.store.snapshot import Snapshot


def write_tree(
    folder: Path, snapshot: Snapshot, files: Mapping[str, bytes | Blob | None], below: str = ""
) -> str | None:
    """Write a tree of the snapshot with some files replaced (or removed: None).

    Args:
        folder: the repository.
        snapshot: what the tree is based on.
        files: by path from the root; those outside `below` are not written.
        below: the folder whose tree is wanted; the root when empty.

    Returns:
        The tree's id; None when nothing is left in it.

    Raises:
        GitError: Git cannot write, for example on a full disk.
    """
    prefix = f"{below}/" if below else ""
    inside = {path: content for path, content in files.items() if path.startswith(prefix)}
    new = _write_blobs(folder, {path: content for path, content in inside.items() if isinstance(content, bytes)})
    blobs = {path: content if isinstance(content, Blob) else new.get(path) for path, content in inside.items()}
    with _TreeWriter(folder) as writer:
        return _edit(snapshot, writer, below, {path.removeprefix(prefix): blob for path, blob in blobs.items()})


def write_files(folder: Path, files: Mapping[str, Path]) -> dict[str, Blob]:
    """Write files of this machine into the repository as they are: what will be where, by name.

    Raises:
        GitError: Git cannot read or write.
    """
    names = "".join(f"{file}\n" for file in files.values())
    made = git(folder, *DURABLE, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names.encode())
    return {path: Blob(FILE_MODE, oid) for path, oid in zip(files, made.decode().split(), strict=True)}


def _write_blobs(folder: Path, contents: Mapping[str, bytes]) -> dict[str, Blob]:
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-") as scratch:
        files = {path: Path(scratch, str(number)) for number, path in enumerate(contents)}
        for path, file in files.items():
            file.write_bytes(contents[path])
        return write_files(folder, files)


def _edit(snapshot: Snapshot, writer: _TreeWriter, path: str, changes: Mapping[str, Blob | None]) -> str | None:
    """The id of a folder's new tree; None when nothing is left in it."""
    entries = {entry.name: entry for entry in snapshot.folder(path)}
    below: defaultdict[str, dict[str, Blob | None]] = defaultdict(dict)
    for name, blob in changes.items():
        head, slash, rest = name.partition("/")
        if slash:
            below[head][rest] = blob
        elif blob is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(blob.mode, name, blob.oid)
    for name, inner in below.items():
        tree = _edit(snapshot, writer, f"{path}/{name}" if path else name, inner)
        if tree is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(TREE_MODE, name, tree)
    return writer.write(list(entries.values())) if entries else None


class _TreeWriter:
    """One `git mktree --batch` for all the trees of a commit."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            command(folder, [*DURABLE, "mktree", "--batch", "--missing", "-z"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )

    def __enter__(self) -> _TreeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def write(self, entries: list[Entry]) -> str:
        stdin, stdout = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        try:
            for entry in entries:
                kind = {TREE_MODE: "tree", "160000": "commit"}.get(entry.mode, "blob")
                name = entry.name.encode(errors="surrogateescape")
                stdin.write(b"%s %s %s\t%s\0" % (entry.mode.encode(), kind.encode(), entry.oid.encode(), name))
            stdin.write(b"\0")
            stdin.flush()
            oid = stdout.readline().decode().strip()
        except BrokenPipeError:
            oid = ""
        if not oid:
            _, said = self._process.communicate()
            raise failure(["mktree"], said, self._process.returncode)
        return oid
