"""What keeps Git from ever answering: pipes in the place of its files, and files larger than any that Git writes.

An archive may hold both. To look for them first would make everybody wait: it is done once Git has been silent a while.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from tvmgitlib.model import GitError, plain_line
from tvmgitlib.store.small import read_small, size_in_words

#: What Git reads to the end and writes line by line, of what is in its directory; how large that may be, in bytes.
_LINES: Final = ("HEAD", "commondir", "config", "config.worktree", "info", "logs", "packed-refs", "refs", "shallow")
_MOST: Final = 1 << 28

#: How many files are looked at, and in the work tree, how deep: as deep as folders of a library are.
_MOST_FILES: Final = 1 << 18
_DEPTH: Final = 3

_PIPE: Final = "a pipe, for which Git would wait for ever"

#: How large a file may be that says where another folder is, in bytes.
_MOST_OF_PATH: Final = 1 << 16


def require_answers(folder: Path) -> None:
    """Make sure that nothing keeps a silent Git waiting.

    Args:
        folder: where it runs.

    Raises:
        GitError: it waits for a pipe, or reads what is no file of Git's.
    """
    git_dirs, top = _around(folder)
    in_tree = islice(_below(top, _DEPTH), _MOST_FILES) if top else ()
    of_git = (path for path in in_tree if path.name.startswith(".git"))  # any other pipe there is the user's
    for path in chain(_own(git_dirs), of_git):
        if _is_pipe(path) and _is_waited_for(path):
            raise _refused(path, _PIPE)


def require_readable(folder: Path) -> None:
    """Make sure that nothing would keep a Git waiting that reads a repository from elsewhere, whatever its work tree.

    Args:
        folder: its folder.

    Raises:
        GitError: in its Git directory is a pipe, or what is no file of Git's.
    """
    for path in _own(_around(folder)[0]):
        if _is_pipe(path):
            raise _refused(path, _PIPE)


def require_ends(files: Iterable[Path]) -> None:
    """Make sure that files which a configuration names have an end, and nobody to wait for.

    Raises:
        GitError: one has none.
    """
    for path in files:
        if path.exists() and not path.is_file() and not path.is_dir() and path != Path(os.devnull):
            raise _refused(path, "no plain file, which Git would read for ever")
        _refuse_large(path)


def _own(git_dirs: Sequence[Path]) -> Iterator[Path]:
    """The files in Git directories, once none is larger than any of Git's.

    Raises:
        GitError: one is.
    """
    for git_dir in git_dirs:
        for name in (*_LINES, "objects/info"):
            for path in islice(_below(git_dir / name), _MOST_FILES):
                _refuse_large(path)
        yield from islice(_below(git_dir), _MOST_FILES)


def _around(folder: Path) -> tuple[list[Path], Path | None]:
    """The Git directories of the repository that a folder is in, and the top of its work tree; no Git is asked."""
    for here in (folder, *folder.parents):
        entry = here / ".git"
        if entry.is_dir():
            return _with_common(entry), here
        if entry.is_file():
            return _with_common(_named_in(entry, here)), here
        if (here / "objects").is_dir():
            return _with_common(here), None
    return [], None


def _with_common(git_dir: Path) -> list[Path]:
    common = _named_in(git_dir / "commondir", git_dir)
    return [git_dir] if common == git_dir else [git_dir, common]


def _named_in(file: Path, beside: Path) -> Path:
    """The folder that a file of Git's names; the one that it is in where it names none."""
    try:
        named = read_small(file, _MOST_OF_PATH).removeprefix(b"gitdir:").strip()
        return (beside / os.fsdecode(named)).resolve()
    except (OSError, ValueError):
        return beside


def _below(path: Path, depth: int = -1) -> Iterator[Path]:
    """A file; or of a folder all that is in it and is none, as many folders deep. No link to a folder is followed."""
    try:
        with os.scandir(path) as entries:
            folders = []
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry))
                else:
                    yield Path(entry)
    except NotADirectoryError:
        yield path
        return
    except OSError:
        return
    for folder in folders if depth else ():
        yield from _below(folder, depth - 1)


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def _is_waited_for(pipe: Path) -> bool:
    """Whether some process waits for the other end of a pipe, which is let go by that; yes where nobody can tell."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # which fails where nobody reads
    except PermissionError:
        return True
    except OSError:
        return _is_written(pipe)
    return True


def _is_written(pipe: Path) -> bool:
    try:
        handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        return os.read(handle, 1) != b""
    except BlockingIOError:  # there is nothing yet, and somebody to write it
        return True
    finally:
        os.close(handle)


def _refuse_large(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError:
        return
    if size > _MOST:
        raise _refused(path, f"{size_in_words(size)}, which Git would read for a long time")


def _refused(path: Path, what: str) -> GitError:
    return GitError(what, file=plain_line(str(path)), hint="Git makes no such file: remove it, or take another clone.")
