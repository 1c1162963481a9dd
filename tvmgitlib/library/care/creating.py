"""Making a library, and copying one."""

from __future__ import annotations

import os
from pathlib import Path

from tvmgitlib.errors import LibraryError
from tvmgitlib.format import FOLD_FILE, SETTINGS_FILE, FoldStamp, Tally, write_settings
from tvmgitlib.library.care.drivers import configure_drivers
from tvmgitlib.library.changes import changed, message, with_attributes
from tvmgitlib.library.reading import ATTRIBUTES_FILE
from tvmgitlib.model import Settings
from tvmgitlib.store import Draft, Snapshot, check_url, clone_repository, create_repository, identity


def create(path: str | os.PathLike[str], keep: int) -> Path:
    """Make a library, see `ConfigLibrary.init`; returns its folder."""
    root = Path(path).expanduser()
    settings = changed(Settings(), "keep", keep)
    existing = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise LibraryError("a file is in the way", file=str(existing))
    identity(existing)
    repository = create_repository(root)

    def draft(snapshot: Snapshot) -> Draft:
        if snapshot.entry(SETTINGS_FILE) is not None:
            raise LibraryError("a library is there already", file=str(root))
        if snapshot.entry("jobs") is not None or snapshot.entry("configs") is not None:
            raise LibraryError("the repository has its own jobs/ or configs/", file=str(root))
        files = {
            SETTINGS_FILE: write_settings(settings),
            ATTRIBUTES_FILE: with_attributes(snapshot.read(ATTRIBUTES_FILE)),
            FOLD_FILE: FoldStamp(None, settings.fold_digest, Tally()).to_bytes(),
        }
        return Draft(message("Make a tvmgitlib library", [], {}), files)

    repository.commit(draft)
    configure_drivers(repository)
    return root


def clone(url: str, path: str | os.PathLike[str] | None) -> Path:
    """Copy a library, see `ConfigLibrary.clone`; returns the copy's folder."""
    name = check_url(url).rstrip("/").rpartition("/")[2].removesuffix(".git")
    where = Path(path if path is not None else name)
    configure_drivers(clone_repository(url, where))
    return where
