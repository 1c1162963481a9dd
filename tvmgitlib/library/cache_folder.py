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
    base = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one would lead into whatever folder we are in, such as a work tree, with what came along in it.
    folder = Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()
    if not folder.is_absolute():
        raise RuntimeError("HOME is no whole path")
    return folder / "tvmgitlib"


def repository_id(state: Path) -> str:
    """What tells a repository from this user's others, in the names of what is kept of it there.

    Args:
        state: the library's folder under the common Git directory.
    """
    return sha256(os.fsencode(state)).hexdigest()[:16]
