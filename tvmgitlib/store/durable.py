"""Making sure that what was written survives a power cut, also where Git does not see to it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, whatever happens meanwhile: whoever reads it sees the old content or the new.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        with suppress(OSError):  # it has become the file, or without a folder for it, it was never there
            scratch.unlink()


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
