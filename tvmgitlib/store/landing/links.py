"""Symbolic links in the work tree: the library has none, and follows none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tvmgitlib.model import LibraryError


def refuse_links(root: Path, folders: Sequence[str]) -> None:
    """Make sure that nothing under these folders of the work tree is a symbolic link.

    Raises:
        LibraryError: naming the first one found.
    """
    for folder in folders:
        for path in links_under(root, folder):
            raise LibraryError(
                "a symbolic link where the library holds plain files only",
                file=path,
                hint="It is never followed or written through. Remove it, then run the command again.",
            )


def links_under(root: Path, folder: str) -> Iterator[str]:
    """The symbolic links under a folder of the work tree, as paths below `root`; none of them is followed."""
    if (root / folder).is_symlink():
        yield folder
        return
    try:
        entries = os.scandir(root / folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    below = []
    with entries:
        for entry in entries:
            if entry.is_symlink():
                yield f"{folder}/{entry.name}"
            elif entry.is_dir(follow_symlinks=False):
                below.append(f"{folder}/{entry.name}")
    for path in below:
        yield from links_under(root, path)
