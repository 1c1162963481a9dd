"""`core.sharedRepository`: what one user makes, the others of the group can go on with."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.store.git import Sharing

Git = Callable[..., str]
T0 = "autotvm/t0_tvmgitlib_matmul_{}.log"


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """That of most systems, under which nobody else may write."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def made_by_us(library: ConfigLibrary) -> list[Path]:
    """The files and folders of the work tree and of our folder in the Git directory."""
    found = [path for name in ("jobs", "configs") for path in (library.path / name, *(library.path / name).rglob("*"))]
    state = library.path / ".git" / "tvmgitlib"
    return [*found, library.path / "tvmgitlib.json", state, *state.rglob("*"), library.path / ".git" / "index"]


@pytest.mark.parametrize("how", ["init", "config"])
@pytest.mark.parametrize(
    ("shared", "file", "folder"), [("group", 0o664, 0o2775), ("all", 0o664, 0o2775), ("0660", 0o660, 0o2770)]
)
def test_what_is_made_is_shared_as_the_repository_is(
    tmp_path: Path, logs: Path, git: Git, how: str, shared: str, file: int, folder: int
) -> None:
    git(tmp_path, "init", "-q", "-b", "main", *([f"--shared={shared}"] if how == "init" else []), "library")
    git(tmp_path / "library", "config", "core.sharedRepository", shared)
    library = ConfigLibrary.init(tmp_path / "library")
    library.import_logs(logs / T0.format("ga"), platform="board")
    job = library.begin_job(platform="board")
    job.log.write_bytes((logs / T0.format("grid")).read_bytes())  # a tuner's file is what the tuner makes it
    library.configure("keep", 2)
    wrong = {
        str(path): oct(mode(path)) for path in made_by_us(library) if mode(path) != (folder if path.is_dir() else file)
    }
    assert wrong == {}
    library.finish_job()
    packs = (library.path / ".git" / "objects" / "pack").glob("*")
    assert all(mode(path) & 0o040 for path in packs)
    assert library.check() == []
    assert git(library.path, "status", "--porcelain") == ""


def test_a_repository_that_is_not_shared_is_left_to_the_umask(library: ConfigLibrary, logs: Path) -> None:
    library.import_logs(logs / T0.format("ga"), platform="board")
    library.begin_job(platform="board")
    assert {mode(path) for path in made_by_us(library)} == {0o755, 0o644}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Sharing()),
        ("umask", Sharing()),
        ("false", Sharing()),
        ("true", Sharing(0o660)),
        ("Group", Sharing(0o660)),
        ("1", Sharing(0o660)),
        ("everybody", Sharing(0o664)),
        ("0640", Sharing(0o640, exactly=True)),
        ("nonsense", Sharing()),
    ],
)
def test_the_words_that_git_knows(value: str | None, expected: Sharing) -> None:
    assert Sharing.of(value) == expected
