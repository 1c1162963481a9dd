from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.errors import GitError, LibraryError
from tvmgitlib.library.care import write_pin

Git = Callable[..., str]
MakeLog = Callable[..., Path]


@pytest.fixture
def shared(library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, git: Git) -> ConfigLibrary:
    """A library with one job, pushed to the bare remote `tmp_path/remote.git`."""
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(library.path, "remote", "add", "origin", "../remote.git")
    library.import_logs(make_log("dense", [2e-3]), platform="box")
    library.sync()
    return library


@pytest.fixture
def lock(shared: ConfigLibrary, tmp_path: Path) -> Path:
    """A lock file of that library."""
    path = tmp_path / "app" / "tvmgitlib.lock"
    path.parent.mkdir()
    write_pin(shared.pin(), path)
    return path


def records(library: ConfigLibrary) -> list[bytes]:
    return [config.native for config in library.best()]


def test_a_pinned_build_gives_the_same_bytes_after_the_branch_has_moved(
    shared: ConfigLibrary, lock: Path, make_log: MakeLog, git: Git, tmp_path: Path
) -> None:
    before = records(ConfigLibrary.from_lock(lock))
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    shared.sync()
    git(tmp_path / "remote.git", "gc", "--quiet", "--prune=now")
    assert records(ConfigLibrary.from_lock(lock)) == before
    shutil.rmtree(tmp_path / "remote.git")
    shutil.rmtree(shared.path)
    assert records(ConfigLibrary.from_lock(lock)) == before


def test_a_pinned_library_is_for_reading_only(lock: Path, make_log: MakeLog) -> None:
    pinned = ConfigLibrary.from_lock(lock)
    with pytest.raises(LibraryError, match="for reading only"):
        pinned.import_logs(make_log("dense", [1e-3]), platform="box")
    with pytest.raises(LibraryError, match="for reading only"):
        pinned.begin_job()


def test_a_commit_that_the_remote_lacks_is_pinned_only_locally(
    shared: ConfigLibrary, make_log: MakeLog, tmp_path: Path
) -> None:
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    with pytest.raises(GitError, match="nobody else could build with it"):
        shared.pin()
    path = tmp_path / "local.lock"
    write_pin(shared.pin(local=True), path)
    assert records(ConfigLibrary.from_lock(path)) == records(shared)


def test_a_relative_remote_is_pinned_by_its_whole_path(lock: Path, tmp_path: Path) -> None:
    assert json.loads(lock.read_text())["url"] == str(tmp_path / "remote.git")


def test_a_stale_library_is_not_pinned(shared: ConfigLibrary, git: Git) -> None:
    git(shared.path, "rm", "--quiet", "-r", "jobs")
    git(shared.path, "commit", "--quiet", "-m", "Remove by hand")
    with pytest.raises(LibraryError, match="rebuild"):
        shared.pin(local=True)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("configs", "0" * 64, "field configs: the configs of .* have hash"),
        ("commit", "0" * 40, "no branch of .* has the pinned commit"),
        ("commit", "--help", "field commit"),
        ("url", "ext::sh -c 'touch planted'", "transport helper"),
        ("url", "", "field url"),
        ("format", 2, "field format"),
        ("extra", 1, "extra"),
    ],
)
def test_a_lock_that_was_tampered_with_is_refused(lock: Path, key: str, value: object, message: str) -> None:
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {key: value}))
    with pytest.raises((GitError, LibraryError), match=message):
        ConfigLibrary.from_lock(lock)


def test_a_missing_or_broken_lock_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be read"):
        ConfigLibrary.from_lock(tmp_path / "none.lock")
    (tmp_path / "bad.lock").write_text("{")
    with pytest.raises(LibraryError, match="not valid JSON"):
        ConfigLibrary.from_lock(tmp_path / "bad.lock")


def test_offline_and_never_fetched_says_so(shared: ConfigLibrary, lock: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "remote.git")
    with pytest.raises(GitError):
        ConfigLibrary.from_lock(lock)


@pytest.mark.parametrize("kind", ["--depth=1", "--filter=blob:none"])
def test_shallow_and_partial_clones_answer(shared: ConfigLibrary, tmp_path: Path, git: Git, kind: str) -> None:
    git(tmp_path / "remote.git", "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", kind, (tmp_path / "remote.git").as_uri(), "part")
    part = ConfigLibrary(tmp_path / "part")
    assert records(part) == records(shared)
    path = tmp_path / "part.lock"
    write_pin(part.pin(), path)
    assert records(ConfigLibrary.from_lock(path)) == records(shared)


def test_a_submodule_works_as_a_pin(shared: ConfigLibrary, tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet", "-b", "main", "consumer")
    consumer = tmp_path / "consumer"
    git(
        consumer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "remote.git"), "lib"
    )
    assert records(ConfigLibrary(consumer / "lib")) == records(shared)
