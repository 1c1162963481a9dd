"""A three-way merge of the files that are not the library's own: Git's rules, without a work tree."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import making_temporary_files
from tvmgitlib.store.objects import TREE_MODE, Blob, Snapshot, blob_id, differences


def merge_files(
    repository: Checkout, base: Snapshot, ours: Snapshot, theirs: Snapshot, is_wanted: Callable[[str], bool]
) -> Mapping[str, Blob | None]:
    """What has to change in `ours` to hold what `theirs` changed since `base` as well.

    Args:
        repository: where all of them are.
        base: where the two parted.
        ours, theirs: both sides.
        is_wanted: which paths count.

    Returns:
        The new versions by path; None where a file goes.

    Raises:
        GitError: both sides changed a file in ways that do not go together.
    """
    merged = {}
    for path, _, _ in differences(base, theirs):
        if is_wanted(path):
            was, here, there = (_file(side, path) for side in (base, ours, theirs))
            version = _merge(repository, path, was, here, there)
            if version != here:
                merged[path] = version
    return merged


def _file(snapshot: Snapshot, path: str) -> Blob | None:
    """What a commit has at a path; None where that is nothing, or a folder."""
    entry = snapshot.entry(path)
    return Blob(entry.mode, entry.oid) if entry is not None and entry.mode != TREE_MODE else None


def _merge(repository: Checkout, path: str, base: Blob | None, ours: Blob | None, theirs: Blob | None) -> Blob | None:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    return _merge_contents(repository, path, base, ours, theirs)


def _merge_contents(repository: Checkout, path: str, base: Blob | None, ours: Blob | None, theirs: Blob | None) -> Blob:
    if ours is None or theirs is None or ours.mode != theirs.mode or not ours.mode.startswith("100"):
        raise _conflict(path)
    nothing = repository.snapshot(None)
    with ExitStack() as stack:
        with making_temporary_files("git"):
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="tvmgitlib-"))
            files = [Path(scratch, name) for name in ("ours", "base", "theirs")]
            for file, version in zip(files, (ours, base, theirs), strict=True):
                file.write_bytes(nothing.blob(path, version.oid) if version else b"")
        done = repository.git.try_run("merge-file", "--quiet", *map(str, files))
        if done.returncode != 0:
            raise _conflict(path)
        content = files[0].read_bytes()
    return Blob(ours.mode, blob_id(content, len(ours.oid)), content)


def _conflict(path: str) -> GitError:
    return GitError(
        "both sides changed it, and the changes do not go together",
        file=path,
        hint="It is not the library's own file: merge with plain git merge, resolve it, then tvmgitlib rebuild.",
    )
