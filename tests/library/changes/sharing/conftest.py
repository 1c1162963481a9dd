"""A remote on the disk, and two clones of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary

Git = Callable[..., str]


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git) -> Path:
    """A bare remote that `library` has been pushed to."""
    path = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
    git(library.path, "remote", "add", "origin", path.as_uri())
    library.sync()
    return path


@pytest.fixture
def other(remote: Path, tmp_path: Path) -> ConfigLibrary:
    """A second clone of the remote."""
    return ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
