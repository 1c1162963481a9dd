"""A three-way merge of the files that are not the library's own: Git's rules, without a work tree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tvmgitlib.errors import GitError
from tvmgitlib.store.git import git, try_git
from tvmgitlib.store.objects import Blob

#: The files of a commit by path.
Files = dict[str, Blob]


def files_of(folder: Path, commit: str | None) -> Files:
    """Every file of a commit; none of no commit."""
    if commit is None:
        return {}
    listed = git(folder, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
    entries = (entry.split(b"\t", 1) for entry in listed if entry)
    return {
        path.decode(errors="surrogateescape"): Blob(meta.split()[0].decode(), meta.split()[2].decode())
        for meta, path in entries
    }


def merge_files(folder: Path, base: Files, ours: Files, theirs: Files, paths: Iterable[str]) -> Files:
    """The merged versions of some paths; a path that is left out is gone.

    Raises:
        GitError: both sides changed a file in ways that do not go together.
    """
    merged: Files = {}
    for path in paths:
        was, left, right = base.get(path), ours.get(path), theirs.get(path)
        if left == right or right == was:
            version = left
        elif left == was:
            version = right
        else:
            version = _merge_contents(folder, path, was, left, right)
        if version is not None:
            merged[path] = version
    return merged


def _merge_contents(folder: Path, path: str, base: Blob | None, ours: Blob | None, theirs: Blob | None) -> Blob:
    if ours is None or theirs is None or ours.mode != theirs.mode or not ours.mode.startswith("100"):
        raise _conflict(path)
    with tempfile.TemporaryDirectory(prefix="tvmgitlib-") as scratch:
        names = []
        for name, version in (("ours", ours), ("base", base), ("theirs", theirs)):
            content = git(folder, "cat-file", "blob", version.oid) if version else b""
            Path(scratch, name).write_bytes(content)
            names.append(str(Path(scratch, name)))
        done = try_git(folder, "merge-file", "--quiet", *names)
        if done.returncode != 0:
            raise _conflict(path)
        made = git(folder, "hash-object", "-w", "--no-filters", names[0])
    return Blob(ours.mode, made.decode().strip())


def _conflict(path: str) -> GitError:
    return GitError(
        "both sides changed it, and the changes do not go together",
        file=path,
        hint="It is not the library's own file: merge with plain git merge, resolve it, then tvmgitlib rebuild.",
    )
