"""Symbolic links in the work tree: the library has none, and follows none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from tvmgitlib.model import LibraryError
from tvmgitlib.store.landing.index import folders_above


def refuse_links(root: Path, folders: Mapping[str, int], paths: Iterable[str]) -> None:
    """Make sure that no folder is a symbolic link, and none of the files beside those that are to be written.

    Files elsewhere are not looked at: there may be any number of them, and nothing is written there. Nor is anything
    written through a link that comes later.

    Args:
        root: the work tree.
        folders: the library's own folders, and how many levels of folders each has; what is outside is the user's.
        paths: the files that are to be written or removed.

    Raises:
        LibraryError: naming the first one found.
    """
    for folder, levels in folders.items():
        for path in links_under(root, folder, levels):
            _refuse(path)
    written_in = {folder for path in paths for folder in folders_above(path) if folder.partition("/")[0] in folders}
    for folder in sorted(written_in):
        for path in links_under(root, folder, 1):
            _refuse(path)


def _refuse(path: str) -> NoReturn:
    raise LibraryError(
        "a symbolic link where the library holds plain files only",
        file=path,
        hint="It is never followed or written through. Remove it, then run the command again.",
    )


def links_under(root: Path, folder: str, levels: int | None = None) -> Iterator[str]:
    """The symbolic links under a folder of the work tree, as paths below `root`; none of them is followed.

    Args:
        root: the work tree.
        folder: the folder.
        levels: how many levels of folders are looked into; None for all.
    """
    links, below = _links_in(root, folder)
    yield from links
    if levels != 1:
        for path in below:
            yield from links_under(root, path, levels and levels - 1)


def _links_in(root: Path, folder: str) -> tuple[list[str], list[str]]:
    """The symbolic links in a folder, or the folder itself where it is one, and the folders in it."""
    if (root / folder).is_symlink():
        return [folder], []
    links, below = [], []
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    links.append(f"{folder}/{entry.name}")
                elif entry.is_dir(follow_symlinks=False):
                    below.append(f"{folder}/{entry.name}")
    except (FileNotFoundError, NotADirectoryError):
        pass
    return links, below
