"""Which library a command or a program means."""

from __future__ import annotations

import os
from pathlib import Path

from tvmgitlib.errors import LibraryError
from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.store import Repository

VARIABLE = "TVMGITLIB_LIBRARY"


def locate(path: str | os.PathLike[str] | None = None) -> Repository:
    """The repository of the library meant.

    Args:
        path: the library, a folder in it, or its tvmgitlib.json; else the environment's `TVMGITLIB_LIBRARY`, else the
            library around the current folder, else `~/.tvm/tvmgitlib`.

    Raises:
        LibraryError: no library is there.
    """
    named = path if path is not None else os.environ.get(VARIABLE)
    if named:
        return _at(Path(named).expanduser())
    around = Repository.find(Path.cwd())
    if around is not None and is_library(around, around.head):
        return around
    default = default_path()
    found = Repository.find(default)
    if found is None or not is_library(found, found.head):
        raise LibraryError(
            f"no library here, and none at {default}",
            hint=f"Make one with tvmgitlib init, or name one with -C PATH or {VARIABLE}.",
        )
    return found


def default_path() -> Path:
    """Where the library is when nothing else is said."""
    return Path("~/.tvm/tvmgitlib").expanduser()


def _at(path: Path) -> Repository:
    folder = path.parent if path.name == SETTINGS_FILE else path
    repository = Repository.find(folder)
    if repository is None or not is_library(repository, repository.head):
        what = "there is no such folder" if not folder.is_dir() else f"no library: it has no committed {SETTINGS_FILE}"
        raise LibraryError(what, file=str(path), hint="tvmgitlib init PATH makes a library.")
    return repository


def is_library(repository: Repository, commit: str | None) -> bool:
    """Whether a commit holds a library."""
    with repository.snapshot(commit) as snapshot:
        return snapshot.entry(SETTINGS_FILE) is not None
