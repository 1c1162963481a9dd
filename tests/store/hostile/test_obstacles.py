"""What Git would wait for for ever, or read for as long, is found, named and left. docs/git.md has a row for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def made_pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def made_endless(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch()
    os.truncate(path, 3 << 30)


def refused(hostile, path: Path, make: Callable[[Path], None], *command: str) -> str:
    """Make sure that a command ends; what it says."""
    make(path)
    line = [sys.executable, "-m", "tvmgitlib", "-C", str(hostile.path), *command]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 4, done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("name", "command"),
    [
        *((name, ("best",)) for name in ("HEAD", "config", "config.worktree", "commondir", "shallow", "packed-refs")),
        *(
            (name, ("best",))
            for name in ("refs/heads/main", "objects/info/alternates", "objects/pack/multi-pack-index")
        ),
        ("index", ("check",)),
        ("refs/heads/x", ("gc",)),
        ("logs/HEAD", ("config", "keep", "2")),
    ],
)
def test_pipes_in_the_place_of_gits_files(hostile, git, name: str, command: tuple[str, ...]) -> None:
    git(hostile.path, "config", "extensions.worktreeConfig", "true")
    said = refused(hostile, hostile.git_dir / name, made_pipe, *command)
    assert f"{hostile.git_dir / name}: a pipe, for which Git would wait for ever" in said


@pytest.mark.parametrize("name", [".gitattributes", "jobs/.gitattributes"])
def test_pipes_as_attributes(hostile, name: str) -> None:
    assert f"{name}: a pipe" in refused(hostile, hostile.path / name, made_pipe, "check")


def test_a_pipe_in_what_is_cloned(hostile, tmp_path: Path) -> None:
    said = refused(hostile, hostile.git_dir / "shallow", made_pipe, "clone", str(hostile.path), str(tmp_path / "new"))
    assert "shallow: a pipe" in said
    assert not (tmp_path / "new").exists()


def test_refs_without_end(hostile) -> None:
    said = refused(hostile, hostile.git_dir / "packed-refs", made_endless, "best")
    assert "packed-refs: 3,072 MiB, which Git would read for a long time" in said


def test_attributes_from_elsewhere(hostile, tmp_path: Path) -> None:
    """A configuration may name any file for them."""
    for named in (tmp_path / "pipe", Path("/dev/zero")):
        hostile.config(core__attributesFile=str(named))
        said = refused(hostile, tmp_path / "pipe", made_pipe, "check")
        assert f"{named}: no plain file, which Git would read for ever" in said


def test_a_configuration_that_includes_a_pipe(hostile, tmp_path: Path) -> None:
    hostile.config(include__path=str(tmp_path / "pipe"))
    said = refused(hostile, tmp_path / "pipe", made_pipe, "best")
    assert "Git does not come to the end of its configuration" in said


def test_an_index_without_end(hostile) -> None:
    """It is copied before Git looks at it."""
    index = (hostile.git_dir / "index").read_bytes()

    def made_longer(path: Path) -> None:
        path.write_bytes(index)
        os.truncate(path, 3 << 30)

    said = refused(hostile, hostile.git_dir / "index", made_longer, *hostile.importing)
    assert "index" in said
