"""A remote with two clones, and jobs that are shared by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary, OpenJob

Git = Callable[..., str]
Once = Callable[..., Any]


@pytest.fixture
def remote(library: ConfigLibrary, tmp_path: Path, git: Git, once: Once) -> Path:
    """A bare remote that `library` has been pushed to."""
    path = tmp_path / "remote.git"

    def make() -> None:
        git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(path))
        git(library.path, "remote", "add", "origin", path.as_uri())
        git(library.path, "push", "--quiet", "origin", "main")

    once(make)
    return path


@pytest.fixture
def other(remote: Path, tmp_path: Path, once: Once) -> ConfigLibrary:
    """A second clone of the remote."""

    def make() -> None:
        ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")

    once(make)
    return ConfigLibrary(tmp_path / "other")


@pytest.fixture
def claims(remote: Path, git: Git) -> Callable[[], list[str]]:
    """The names of the claims that the remote has."""

    def names() -> list[str]:
        refs = git(remote, "for-each-ref", "--format=%(refname)", "refs/tvmgitlib/wip/").split()
        return [ref.rpartition("/")[2] for ref in refs]

    return names


Start = Callable[..., OpenJob]


@pytest.fixture
def start(remote: Path) -> Start:
    """Begin a shared job, and say what a tuner has logged: `start(library, log)`.

    With `stale=True` it is one that nothing was heard of for long: others may take it over.
    """

    def begin(
        library: ConfigLibrary,
        log: Path | None = None,
        key: str = "resnet",
        *,
        share: float = 600.0,
        stale: bool = False,
    ) -> OpenJob:
        share = 0.01 if stale else share
        job = library.begin_job("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu", platform="box", key=key, share=share)
        if log is not None:
            job.log.write_bytes(log.read_bytes())
            library.renew_job(job.id)
        if stale:
            time.sleep(10 * share)
        return job

    return begin
