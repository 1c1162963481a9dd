"""Making sure that what was written survives a power cut, also where Git does not see to it."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_ref(git_dir: Path, ref: str) -> None:
    """Wait until a ref that was written is on the disk: before 2.36 Git does not wait for it itself.

    Where refs are not files of their own, that is left to Git.
    """
    file = git_dir / ref
    try:
        with file.open("rb") as written:
            os.fsync(written.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return  # packed meanwhile, or in another kind of store
    sync_folder(file.parent)
