"""Sparse checkouts: what the index has, and the user wants no file of in the work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import Git


def left_out(git: Git) -> set[str]:
    """The paths of the index that have no file in the work tree, because the user wants none."""
    return {path for tag, path in _tagged(git) if tag == "S"}


def to_leave_out(checkout: Checkout, paths: Iterable[str]) -> set[str]:
    """Which of some paths get no file: those that have none by the index, and new ones where nothing around has one.

    Git itself would ask the patterns, which it can only do for us since 2.41.
    """
    if not (checkout.git_dir / "info" / "sparse-checkout").exists():
        return set()
    tags: dict[str, bool] = {}
    for tag, path in _tagged(checkout.git):
        for name in (path, *_folders(path)):
            tags[name] = tags.get(name, True) and tag == "S"
    nearest = {path: next((tags[name] for name in (path, *_folders(path)) if name in tags), False) for path in paths}
    return {path for path, is_out in nearest.items() if is_out}


def _tagged(git: Git) -> Iterator[tuple[str, str]]:
    for entry in os.fsdecode(git.run("ls-files", "-t", "-z")).split("\0"):
        tag, space, path = entry.partition(" ")
        if space:
            yield tag, path


def _folders(path: str) -> Iterator[str]:
    """The folders that a path is in, the nearest first; the root is none."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
