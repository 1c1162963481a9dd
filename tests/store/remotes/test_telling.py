"""What is told of how far Git is, and that whoever looks gets the same answers as who does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError


@pytest.fixture
def remote(library: ConfigLibrary, git: Callable[..., str], tmp_path: Path) -> Path:
    """A bare repository, with what the library has."""
    bare = tmp_path / "remote.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(library.path), str(bare))
    git(library.path, "remote", "add", "origin", bare.as_uri())
    git(library.path, "push", "--quiet", "--set-upstream", "origin", "main")
    return bare


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[logging.LogRecord]]:
    """What progress was told since it was last asked."""
    caplog.set_level(logging.INFO, "tvmgitlib.progress")

    def ask() -> list[logging.LogRecord]:
        found = [record for record in caplog.records if record.name == "tvmgitlib.progress"]
        caplog.clear()
        return found

    return ask


def test_clone_fetch_and_push_tell_how_far_they_are(
    library: ConfigLibrary, remote: Path, logs: Path, tmp_path: Path, told: Callable[[], list[logging.LogRecord]]
) -> None:
    other = ConfigLibrary.clone(remote.as_uri(), tmp_path / "other")
    assert "cloning: receiving objects 100%" in " ".join(record.getMessage() for record in told())

    library.import_logs(logs / "ansor" / "mm_128x128x128.json", platform="board")
    told()
    library.sync()
    pushed = {record.step: record for record in told()}  # type: ignore[attr-defined]
    assert pushed["pushing sending objects"].share == 1.0  # type: ignore[attr-defined]

    other.sync()
    fetched = {record.step: record for record in told()}  # type: ignore[attr-defined]
    assert fetched["fetching receiving objects"].share == 1.0  # type: ignore[attr-defined]
    assert fetched["fetching receiving objects"].getMessage().startswith("fetching: receiving objects 100%")


def test_a_refusal_is_told_as_it_is_where_nobody_looks(
    library: ConfigLibrary, remote: Path, logs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not today\nexit 1\n")
    hook.chmod(0o755)
    library.import_logs(logs / "ansor" / "mm_128x128x128.json", platform="board")
    said = []
    for level in (logging.WARNING, logging.INFO):
        caplog.set_level(level, "tvmgitlib.progress")
        with pytest.raises(GitError) as refused:
            library.sync()
        said.append((refused.value.message, refused.value.hint))
        remote.rename(remote.with_suffix(".away"))
        with pytest.raises(GitError) as gone:
            library.sync()
        said[-1] += (gone.value.message, gone.value.hint)
        remote.with_suffix(".away").rename(remote)
    assert "not today" in said[0][0]
    assert said[0] == said[1]
