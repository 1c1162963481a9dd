"""Which library a command or a program means."""

from __future__ import annotations

import os
from pathlib import Path

from tvmgitlib.errors import LibraryError
from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.store import SUBMODULE_MODE, Repository

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
    here = Path.cwd()
    around = Repository.find(here)
    if around is not None and is_library(around, around.head):
        return around
    if around is not None and around.state.is_dir() and (lost := around.lost()) is not None:
        raise lost
    part = _part_of(around, here) if around is not None else None
    if part is not None:
        raise part
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
        raise (repository.lost() if repository is not None else None) or _no_library(path, folder, repository)
    return repository


def _no_library(path: Path, folder: Path, around: Repository | None) -> LibraryError:
    """What is where no library is."""
    part = _part_of(around, folder) if around is not None else None
    if part is not None:
        return part
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


def _part_of(around: Repository, folder: Path) -> LibraryError | None:
    """The error for a folder that a larger repository has as a submodule, or has a library's files in; else None."""
    if not folder.resolve().is_relative_to(around.root.resolve()):
        return None  # in a Git directory whose work tree is elsewhere
    below = folder.resolve().relative_to(around.root.resolve())
    inside = [path.as_posix() for path in (below, *below.parents) if path != Path()]
    with around.snapshot(around.head) as snapshot:
        for path in inside:
            entry = snapshot.entry(path)
            if entry is not None and entry.mode == SUBMODULE_MODE:
                return LibraryError(
                    "a submodule that is not checked out",
                    file=str(folder),
                    hint=f"Check it out: git -C {around.root} submodule update --init -- {path}",
                )
            if snapshot.entry(f"{path}/{SETTINGS_FILE}") is not None:
                return LibraryError(
                    f"{path} is a folder of {around.root}, and a library is a Git repository of its own",
                    file=str(folder),
                    hint=f"Make one of it, with its history: git clone {around.root} kernels, then git -C kernels "
                    f"filter-branch --subdirectory-filter {path}. Then add that as a submodule in the folder's place.",
                )
    return None


def is_library(repository: Repository, commit: str | None) -> bool:
    """Whether a commit holds a library."""
    with repository.snapshot(commit) as snapshot:
        return snapshot.entry(SETTINGS_FILE) is not None
