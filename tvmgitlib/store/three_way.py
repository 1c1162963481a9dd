"""A three-way merge of the files that are not the library's own: Git's rules, without a work tree."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import making_temporary_files
from tvmgitlib.store.objects import Blob, Snapshot, blob_id

#: The files of a commit by path.
Files = dict[str, Blob]


def files_of(snapshot: Snapshot) -> Files:
    """Every file of a commit; none of no commit."""
    return {path: Blob(entry.mode, entry.oid) for path, entry in snapshot.entries("")}


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
    was, here, there = (files_of(side) for side in (base, ours, theirs))
    touched = (path for path in was.keys() | there.keys() if was.get(path) != there.get(path) and is_wanted(path))
    merged = {path: _merge(repository, path, was.get(path), here.get(path), there.get(path)) for path in touched}
    return {path: version for path, version in merged.items() if version != here.get(path)}


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
