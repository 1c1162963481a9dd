"""Temporary files for programs that read no pipe; where there can be none, that is said with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tvmgitlib.model import GitError


@contextmanager
def making_temporary_files(whose: str) -> Iterator[None]:
    """Make temporary files, and write into them.

    Args:
        whose: the program that they are for, for messages.

    Raises:
        GitError: the folder for temporary files is full, or cannot be written, or there is none.
    """
    try:
        yield
    except OSError as error:
        what = f"{whose} cannot be given a file to read: {error.strerror}"
        raise GitError(what, hint="TMPDIR names the folder for temporary files.") from None
