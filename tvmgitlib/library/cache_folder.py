"""The folder in the user's own cache: what is in it comes from nobody else, and may be deleted at any time."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path


def cache_folder() -> Path:
    """The folder, which need not exist.

    Raises:
        RuntimeError: this user has no home.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "tvmgitlib"


def repository_id(state: Path) -> str:
    """What tells a repository from this user's others, in the names of what is kept of it there.

    Args:
        state: the library's folder under the common Git directory.
    """
    return sha256(os.fsencode(state)).hexdigest()[:16]
