"""Which configs/ were found to be the fold of their jobs, remembered where no repository can say it of itself.

The memory is a file in the user's own cache: an archive, a shared disk or a remote cannot bring one along. Without it
all is proven again, where the segments are here that prove it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder, repository_id
from tvmgitlib.store import read_small

_log = logging.getLogger("tvmgitlib")

FILE = "folds"

#: How large the memory grows before its older half is forgotten, in bytes.
_MOST = 1 << 19


class Memory:
    """What is remembered of one repository, and of the same contents in any other.

    Args:
        state: the library's folder under the common Git directory, which tells repositories apart.
        file: the name of the file in the user's cache.
    """

    def __init__(self, state: Path, file: str = FILE) -> None:
        self._repository = repository_id(state)
        self._file = file

    def has(self, claim: str) -> bool:
        """Whether a claim was proven."""
        return f" {claim}\n".encode() in self._content()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever proven."""
        return not self._content()

    def newest(self) -> list[str]:
        """The commits of this repository with a claim that was proven last, the newest first."""
        own = (words[1] for words in self._lines() if len(words) == 3 and words[0] == self._repository)
        return list(islice(own, _TRIED))

    def noted_with(self, claim: str) -> list[str]:
        """What was noted with a claim in this repository alone, the newest first."""
        return [words[1] for words in self._lines(claim) if len(words) == 2 and words[0] == self._repository]

    def noted_anywhere(self, claim: str) -> list[str]:
        """What was noted with a claim in any repository, the newest first."""
        return [words[1] for words in self._lines(claim) if len(words) == 2]

    def _lines(self, claim: str = "") -> Iterator[list[str]]:
        """The words of all lines, or of those with a claim, but for that, the newest first."""
        content, ending = self._content(), f" {claim}\n".encode() if claim else b"\n"
        end = content.rfind(ending)
        while end >= 0:
            begin = content.rfind(b"\n", 0, end) + 1
            yield content[begin:end].decode(errors="replace").split(" ")  # a damaged one is the name of nothing
            end = content.rfind(ending, 0, begin)

    def add(self, claim: str, commit: str) -> None:
        """Remember that a claim was proven of a commit, or what else is to be known with it: a word without spaces.

        Where that cannot be noted, it is found out again, and that is said once.
        """
        try:
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("ab") as file:  # one write a line, so that no two processes mix theirs
                file.write(f"{self._repository} {commit} {claim}\n".encode())
                is_long = file.tell() > _MOST
            if is_long:
                _forget_half(path)
        except (OSError, RuntimeError) as error:
            _tell_forgetful(str(error))

    def _path(self) -> Path:
        return cache_folder() / self._file

    def _content(self) -> bytes:
        try:
            return read_small(self._path(), 2 * _MOST)
        except (OSError, RuntimeError):
            return b""


#: How many commits are tried, one of which should still be there.
_TRIED = 4


@cache
def _tell_forgetful(why: str) -> None:
    """Say that nothing is remembered: the repository itself is no place for it, for that may come from anybody."""
    _log.warning(
        "what was proven of this library cannot be remembered (%s), so that every command proves it anew; "
        "XDG_CACHE_HOME names a folder of yours for it",
        why,
    )


def _forget_half(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_bytes(b"".join(lines[len(lines) // 2 :]))
    scratch.replace(path)
