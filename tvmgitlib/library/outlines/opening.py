"""Finding an index that may be used, making it where it pays, and doing without where it cannot be had.

What it says is believed. So it is in the user's own cache: in a Git directory, an archive could bring along another.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder, repository_id
from tvmgitlib.library.outlines.database import Database
from tvmgitlib.library.outlines.updating import bring
from tvmgitlib.model import JOBS, MissingError
from tvmgitlib.store import TREE_MODE, Snapshot

_log = logging.getLogger("tvmgitlib")

_FOLDER = "indexes"

#: How long nobody has asked an index that goes when another one is made, in seconds: its repository may have gone.
_FORGOTTEN = 90 * 24 * 3600.0

#: From so many folders of jobs/ on (of 256, by the first two digits of an id) an index is made: a library of some
#: hundred jobs is read faster than it is opened.
WORTH_IT = 160

#: And where the packs take so much, in bytes: its jobs may be few, and have thousands of tasks.
_LARGE = 1 << 22


def opened(snapshot: Snapshot) -> Database | None:
    """The index of the jobs in a commit; None where it does not pay, or cannot be had.

    Raises:
        LibraryError: something else than a plain file is under jobs/.
        RecordError: a segment is malformed.
    """
    entry = snapshot.entry(JOBS)
    tree = entry.oid if entry is not None and entry.mode == TREE_MODE else ""
    try:
        path = index_file(snapshot.state)
        if not path.exists() and len(snapshot.folder(JOBS)) < WORTH_IT and snapshot.packed_size < _LARGE:
            return None
        return _bring(path, snapshot, tree)
    except MissingError as error:
        _log.debug("there is no reading index of jobs that are not here: %s", error)
        return None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, or not ours to write
            _log.debug("the reading index cannot be used: %s", error)
            return None
        return _made_anew(path, snapshot, tree, error)
    except (OSError, RuntimeError) as error:
        _log.debug("the reading index cannot be used: %s", error)
        return None


def index_file(state: Path) -> Path:
    """The file of the index of a repository, whether it is there or not.

    Args:
        state: the library's folder under the common Git directory.

    Raises:
        RuntimeError: this user has no home.
    """
    return cache_folder() / _FOLDER / f"{repository_id(state)}.sqlite"


def _bring(path: Path, snapshot: Snapshot, tree: str) -> Database:
    if path.exists():
        with suppress(OSError):  # it may be somebody else's, for all to read
            os.utime(path)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_forgotten(path.parent)
    database = Database.open(path)
    try:
        brought = bring(database, snapshot, tree)
    except BaseException:
        database.close()
        raise
    if brought is not database:
        database.close()
    return brought


def _drop_forgotten(folder: Path) -> None:
    """Remove indexes that nobody has asked for long."""
    for index in folder.glob("*.sqlite"):
        with suppress(OSError):
            if index.stat().st_mtime < time.time() - _FORGOTTEN:
                index.unlink()


def forget(snapshot: Snapshot, error: sqlite3.DatabaseError) -> None:
    """Do without an index that cannot answer; where it is damaged, the next command makes it anew."""
    if isinstance(error, sqlite3.OperationalError):
        _log.debug("the reading index cannot be used: %s", error)
        return
    path = index_file(snapshot.state)
    _log.warning("the reading index %s is damaged, and is made anew", path)
    with suppress(OSError):
        path.unlink()


def index_size(state: Path) -> int:
    """How large the index is, in bytes; 0 where there is none.

    Args:
        state: the library's folder under the common Git directory.
    """
    try:
        return index_file(state).stat().st_size
    except (OSError, RuntimeError):
        return 0


def compact(state: Path) -> None:
    """Give back what the index does not use; one that is damaged, or no version of ours reads, goes: it is made anew.

    Args:
        state: the library's folder under the common Git directory.
    """
    if not index_size(state):
        return
    path = index_file(state)
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            if Database(connection).compact():
                return
    except sqlite3.OperationalError as error:  # in use, or not ours to write
        _log.debug("the reading index cannot be compacted: %s", error)
        return
    except sqlite3.DatabaseError:
        pass  # it is not even a database any more
    path.unlink(missing_ok=True)


def _made_anew(path: Path, snapshot: Snapshot, tree: str, error: sqlite3.DatabaseError) -> Database | None:
    forget(snapshot, error)
    try:
        return _bring(path, snapshot, tree)
    except (sqlite3.Error, OSError) as error:
        _log.debug("the reading index cannot be used: %s", error)
        return None
