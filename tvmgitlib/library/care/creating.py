"""Making a library, and copying one."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tvmgitlib.format import FOLD_FILE, SETTINGS_FILE, FoldStamp, Tally, write_settings
from tvmgitlib.library.care.drivers import configure_drivers
from tvmgitlib.library.care.locating import is_library
from tvmgitlib.library.changes import (
    changed,
    fetch_needed,
    message,
    note_fold,
    require_recent,
    tell_unless_folded,
    with_attributes,
)
from tvmgitlib.library.reading import ATTRIBUTES_FILE
from tvmgitlib.model import GitError, LibraryError, Settings, TvmgitlibError
from tvmgitlib.store import (
    FILTER,
    MOST_OF_SMALL,
    Draft,
    Repository,
    Snapshot,
    Upstream,
    check_out,
    check_url,
    clone_repository,
    create_repository,
    fill_work_tree,
    identity,
    leave_out_jobs,
    note_seen,
    remote_name,
    tracked_branches,
    upstream,
    without_credentials,
)

_log = logging.getLogger("tvmgitlib")


def create(path: str | os.PathLike[str], keep: int) -> Repository:
    """Make a library, see `ConfigLibrary.init`; returns its repository."""
    root = Path(path).expanduser()
    settings = changed(Settings(), "keep", keep)
    existing = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise LibraryError("a file is in the way", file=str(existing))
    identity(existing)
    try:
        around = Repository.find(existing)
    except GitError:
        around = None  # somebody else's, and so none of ours
    repository = create_repository(root)
    if around is not None and around.root.resolve() != repository.root.resolve():
        _tell_around(around, repository.root)

    def draft(snapshot: Snapshot) -> Draft:
        if snapshot.entry(SETTINGS_FILE) is not None:
            raise LibraryError("a library is there already", file=str(root))
        if snapshot.entry("jobs") is not None or snapshot.entry("configs") is not None:
            raise LibraryError(
                "the repository has its own jobs/ or configs/",
                file=str(root),
                hint="Give the library a repository of its own: tvmgitlib init PATH, with a new folder.",
            )
        files = {
            SETTINGS_FILE: write_settings(settings),
            ATTRIBUTES_FILE: with_attributes(snapshot.read(ATTRIBUTES_FILE, MOST_OF_SMALL)),
            FOLD_FILE: FoldStamp(None, settings.fold_digest, Tally()).to_bytes(),
        }
        return Draft(message("Make a tvmgitlib library", [], {}), files)

    made = repository.commit(draft)
    assert made is not None  # the draft is always one
    note_fold(repository, made.commit)
    configure_drivers(repository)
    return repository


def _tell_around(around: Repository, root: Path) -> None:
    """Say what a library inside the work tree of another repository is, unless that one ignores it."""
    is_inside = not around.bare and root.resolve().is_relative_to(around.root.resolve())
    if is_inside and not around.ignores(root.resolve()):
        _log.warning(
            "%s is a Git repository of its own inside %s, which keeps none of its files: once it is on a remote, "
            "git submodule add URL %s keeps its place there; or let .gitignore name it",
            root,
            around.root,
            root.resolve().relative_to(around.root.resolve()),
        )


def clone(url: str, path: str | os.PathLike[str] | None, branch: str | None = None, *, filtered: bool = False) -> Path:
    """Copy a library, see `ConfigLibrary.clone`; returns the copy's folder. What fails leaves nothing behind."""
    where = Path(path) if path is not None else _folder_of(url)
    made = [folder for folder in (where.absolute(), *where.absolute().parents) if not folder.exists()]
    was_empty = where.is_dir() and not any(where.iterdir())
    try:
        with clone_repository(url, where, FILTER if filtered else None) as repository:
            chosen = _choose_branch(repository, branch)
            if filtered:
                _fetch_for_builds(repository, chosen)
            if chosen is not None:
                check_out(repository, remote_name(repository), chosen)
            else:
                fill_work_tree(repository)
            configure_drivers(repository)
            source = upstream(repository) if repository.checked_out and repository.head else None  # None: a tag, say
            if source is not None:
                _require_recent(repository, source)
            _verify(repository, source)
    except BaseException:
        for leftover in made[-1:] or (where.iterdir() if was_empty else ()):
            shutil.rmtree(leftover, ignore_errors=True)
        raise
    return where


def _require_recent(repository: Repository, source: Upstream) -> None:
    """Make sure that what was cloned is as recent as the user asks for, see `require_recent`.

    Raises:
        GitError: the remote cannot be reached any more.
        LibraryError: it has shown no checkpoint that is recent enough.
    """
    assert repository.head is not None  # it was cloned
    try:
        require_recent(repository, source, repository.head)
    except ConnectionError as error:
        raise GitError(str(error), hint="Try again later.") from None


def _verify(repository: Repository, source: Upstream | None) -> None:
    """Look at what came, and say so where it is not sound: nothing was known here that it could be held against."""
    if source is not None and (tip := repository.resolve(source.tracking)) is not None:
        with suppress(GitError):  # somebody else is changing the ref: the next sync sets it
            note_seen(repository, source, tip)
    try:
        if repository.head is not None:
            tell_unless_folded(repository, repository.head)
    except TvmgitlibError as error:
        _log.warning("the library is not sound; tvmgitlib check says more: %s", error)


def _folder_of(url: str) -> Path:
    """The folder that a clone is called after its URL, as Git does it."""
    address = without_credentials(check_url(url)).partition("?")[0].rstrip("/").removesuffix("/.git").rstrip("/")
    name = re.split(r"[/:]", address.partition("://")[2] or address)[-1].removesuffix(".git")
    if name in ("", ".", ".."):
        raise LibraryError(
            "no folder can be called like that",
            file=without_credentials(url),
            hint="Name one: tvmgitlib clone URL PATH.",
        )
    return Path(name)


def _choose_branch(repository: Repository, wanted: str | None) -> str | None:
    """The branch that has the library: the one wanted, else the remote's own, else `main`, else the only one; None
    where it is the one that HEAD names.

    Raises:
        LibraryError: there is none, or no telling which.
    """
    current = (repository.checked_out or "").removeprefix("refs/heads/")
    if wanted in (None, current) and current and is_library(repository, repository.head):
        return None
    branches = tracked_branches(repository, remote_name(repository))
    asked = branches if wanted is None else branches.keys() & {wanted}
    found = sorted(name for name in asked if is_library(repository, branches[name]))
    chosen = "main" if "main" in found else found[0] if len(found) == 1 else None
    if chosen is None:
        raise _no_choice(wanted, found, is_empty=not branches)
    if wanted is None:
        _log.warning("what the remote checks out is no library; its branch %s is, and is taken", chosen)
    return chosen


def _fetch_for_builds(repository: Repository, branch: str | None) -> None:
    """Fetch what a build needs of a branch, before it is checked out.

    Args:
        repository: a clone that has nothing checked out and leaves file contents with its remote.
        branch: one of the remote's; None for the one that HEAD names.

    Raises:
        GitError: the remote cannot be reached any more, or gives away nothing by its id.
    """
    remote = remote_name(repository)
    commit = repository.head if branch is None else tracked_branches(repository, remote)[branch]
    assert commit is not None  # it holds a library
    leave_out_jobs(repository)
    try:
        fetch_needed(repository, remote, commit)
    except ConnectionError as error:
        raise GitError(str(error), hint="Try again later.") from None


def _no_choice(wanted: str | None, found: Sequence[str], *, is_empty: bool) -> LibraryError:
    if found:
        hint = "Name one: tvmgitlib clone --branch NAME URL."
        return LibraryError(f"several branches hold a library: {', '.join(found)}", hint=hint)
    if is_empty:
        hint = (
            "Make the library here and send it: tvmgitlib init PATH, git -C PATH remote add origin URL, tvmgitlib sync."
        )
        return LibraryError("the remote is empty: no library is in it yet", hint=hint)
    what = f"no library: its branch {wanted}" if wanted is not None else "no library: no branch of the remote"
    return LibraryError(f"{what} has a {SETTINGS_FILE}", hint="tvmgitlib init makes one.")
