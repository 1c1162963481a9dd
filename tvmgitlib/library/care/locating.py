"""Which library a command or a program means."""

from __future__ import annotations

import os
from pathlib import Path

from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.library.view import part_error
from tvmgitlib.model import LibraryError, typed
from tvmgitlib.store import SUBMODULE_MODE, Repository

VARIABLE = "TVMGITLIB_LIBRARY"


def locate(path: str | os.PathLike[str] | None = None) -> Repository:
    """The repository of the library meant.

    Args:
        path: the library, a folder in it, or its tvmgitlib.json; else the environment's `TVMGITLIB_LIBRARY`, else the
            library around the current folder, else `~/.tvm/tvmgitlib`. A library's files in a folder of a larger
            repository are read where they are named, and never because they are around.

    Raises:
        LibraryError: no library is there.
    """
    named = path if path is not None else os.environ.get(VARIABLE)
    if named:
        return _at(Path(named).expanduser())
    here = Path.cwd()
    around = Repository.find(here)
    if around is not None and is_library(around, around.head):
        return around
    if around is not None and around.state.is_dir() and (lost := around.lost()) is not None:
        raise lost
    part = _part_of(around, here) if around is not None else None
    if part is not None:
        raise part_error(part, f"To read it as it is, name it: -C {part.root}. ")
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
    if repository is not None and is_library(repository, repository.head):
        return repository
    lost = repository.lost() if repository is not None else None
    part = _part_of(repository, folder) if repository is not None and lost is None else None
    if part is None:
        raise lost or _no_library(path, folder, repository)
    return part


def _no_library(path: Path, folder: Path, around: Repository | None) -> LibraryError:
    """What is where no library is."""
    if not folder.is_dir():
        what = "there is no such folder"
    elif around is None and (folder / ".git").exists():
        return LibraryError(
            "the library is damaged: Git does not take .git for a repository",
            file=str(path),
            hint="Often .git/HEAD is empty: put the line 'ref: refs/heads/main' there, then tvmgitlib check.",
        )
    elif around is None:
        what = "no library, and no Git repository"
    else:
        whose = "it" if folder.resolve() == around.root.resolve() else f"the repository {around.root}"
        what = f"no library: {whose} has no committed {SETTINGS_FILE}"
    return LibraryError(what, file=str(path), hint="tvmgitlib init PATH makes a library.")


def _part_of(around: Repository, folder: Path) -> Repository | None:
    """A larger repository within the folder that has a library's files, and is or holds this one; None where none is.

    Raises:
        LibraryError: the folder is a submodule that is not checked out.
    """
    if not folder.resolve().is_relative_to(around.root.resolve()):
        return None  # in a Git directory whose work tree is elsewhere
    below = folder.resolve().relative_to(around.root.resolve())
    inside = [path.as_posix() for path in (below, *below.parents) if path != Path()]
    with around.snapshot(around.head) as snapshot:
        for path in inside:
            entry = snapshot.entry(path)
            if entry is not None and entry.mode == SUBMODULE_MODE:
                way_out = typed("git", "-C", around.root, "submodule", "update", "--init", "--", path)
                raise LibraryError(
                    "a submodule that is not checked out", file=str(folder), hint=f"Check it out: {way_out}"
                )
            if snapshot.entry(f"{path}/{SETTINGS_FILE}") is not None:
                return around.within(path)
    return None


def is_library(repository: Repository, commit: str | None) -> bool:
    """Whether a commit holds a library."""
    with repository.snapshot(commit) as snapshot:
        return snapshot.entry(SETTINGS_FILE) is not None
