"""Which configs/ were found to be the fold of their jobs, remembered where no repository can say it of itself.

The memory is a file in the user's own cache: an archive, a shared disk or a remote cannot bring one along. It may be
deleted at any time; what it does not have is proven again.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder

FILE = "folds"

#: How large the memory grows before its older half is forgotten, in bytes.
_MOST = 1 << 19


class Memory:
    """What is remembered of one repository, and of the same contents in any other.

    Args:
        state: the library's folder under the common Git directory, which tells repositories apart.
    """

    def __init__(self, state: Path) -> None:
        self._repository = sha256(os.fsencode(state)).hexdigest()[:16]

    def has(self, claim: str) -> bool:
        """Whether a claim was proven."""
        return f" {claim}\n".encode() in _content()

    def newest(self) -> list[str]:
        """The commits of this repository with a claim that was proven last, the newest first."""
        found = re.findall(rb"^%b (\w+) \w+$" % self._repository.encode(), _content(), re.MULTILINE)
        return [commit.decode() for commit in reversed(found[-_TRIED:])]

    def add(self, claim: str, commit: str) -> None:
        """Remember that a claim was proven of a commit; where that cannot be noted, it is proven again."""
        with suppress(OSError, RuntimeError):
            path = _path()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("ab") as file:  # one write a line, so that no two processes mix theirs
                file.write(f"{self._repository} {commit} {claim}\n".encode())
                is_long = file.tell() > _MOST
            if is_long:
                _forget_half(path)


#: How many commits are tried, one of which should still be there.
_TRIED = 4


def _path() -> Path:
    return cache_folder() / FILE


def _content() -> bytes:
    try:
        with _path().open("rb") as file:
            return file.read(2 * _MOST)
    except (OSError, RuntimeError):
        return b""


def _forget_half(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    scratch = path.with_name(f"{FILE}.{os.getpid()}.tmp")
    scratch.write_bytes(b"".join(lines[len(lines) // 2 :]))
    scratch.replace(path)
