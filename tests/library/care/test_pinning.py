from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.care import write_pin
from tvmgitlib.model import GitError, LibraryError

Git = Callable[..., str]
MakeLog = Callable[..., Path]
Once = Callable[..., Any]


@pytest.fixture
def shared(library: ConfigLibrary, make_log: MakeLog, tmp_path: Path, git: Git, once: Once) -> ConfigLibrary:
    """A library with one job, pushed to the bare remote `tmp_path/remote.git`."""

    def make() -> None:
        git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
        git(library.path, "remote", "add", "origin", "../remote.git")
        library.import_logs(make_log("dense", [2e-3]), platform="box")
        library.sync()

    once(make)
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
        ("configs", "0" * 64, "field configs: the files of configs/ have hash"),
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


def test_a_path_that_is_not_utf_8_is_pinned_nowhere(library: ConfigLibrary, tmp_path: Path) -> None:
    odd = library.path.rename(os.fsdecode(os.fsencode(tmp_path) + b"/lib\xff"))
    with pytest.raises(LibraryError, match="cannot name what is not UTF-8"):
        ConfigLibrary(odd).pin(local=True)


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


# Where no branch is checked out


@pytest.mark.parametrize("branches", [True, False])
def test_a_detached_head_is_pinned_where_the_remote_has_it(
    shared: ConfigLibrary, make_log: MakeLog, tmp_path: Path, git: Git, branches: bool
) -> None:
    """As in CI, which checks out a commit, with or without the branches of the remote."""
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    shared.sync()
    remote = (tmp_path / "remote.git").as_uri()
    if branches:
        git(tmp_path, "clone", "--quiet", remote, "ci")
        git(tmp_path / "ci", "checkout", "--quiet", "--detach", "HEAD~1")
    else:
        git(tmp_path, "init", "--quiet", "ci")
        git(tmp_path / "ci", "remote", "add", "origin", remote)
        git(tmp_path / "ci", "fetch", "--quiet", "--depth=1", "origin", shared.commit)
        git(tmp_path / "ci", "checkout", "--quiet", "FETCH_HEAD")
    path = tmp_path / "ci.lock"
    write_pin(ConfigLibrary(tmp_path / "ci").pin(), path)
    assert json.loads(path.read_text())["url"] == remote
    assert records(ConfigLibrary.from_lock(path)) == records(ConfigLibrary(tmp_path / "ci"))


def test_a_submodule_is_pinned_by_its_own_remote(shared: ConfigLibrary, tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet", "-b", "main", "app")
    app, remote = tmp_path / "app", str(tmp_path / "remote.git")
    git(app, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", remote, "lib")
    git(app, "commit", "--quiet", "-m", "Use the library")
    git(tmp_path, "-c", "protocol.file.allow=always", "clone", "--quiet", "--recurse-submodules", str(app), "again")
    pinned = ConfigLibrary(tmp_path / "again" / "lib").pin()
    assert (pinned.url, pinned.commit) == (remote, shared.commit)


def test_a_detached_commit_that_no_branch_of_the_remote_has_is_refused_and_pinned_locally(
    shared: ConfigLibrary, make_log: MakeLog, tmp_path: Path, git: Git
) -> None:
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    git(shared.path, "checkout", "--quiet", "--detach")
    git(shared.path, "branch", "--quiet", "--force", "main", "HEAD~1")
    with pytest.raises(GitError, match="nobody else could build with it"):
        shared.pin()
    path = tmp_path / "detached.lock"
    write_pin(shared.pin(local=True), path)
    assert records(ConfigLibrary.from_lock(path)) == records(shared)


def test_a_branch_that_the_remote_does_not_have_is_pinned_at_a_commit_that_it_has(
    shared: ConfigLibrary, git: Git
) -> None:
    git(shared.path, "switch", "--quiet", "-c", "mine")
    assert shared.pin().commit == shared.commit


def test_a_library_without_a_remote_says_so_on_a_detached_head(library: ConfigLibrary, git: Git) -> None:
    git(library.path, "checkout", "--quiet", "--detach")
    with pytest.raises(GitError, match="remote add origin URL"):
        library.pin()
    assert library.pin(local=True).commit == library.commit


# SHA-256


@pytest.mark.parametrize("local", [True, False])
def test_a_sha256_library_is_pinned_and_opened(
    tmp_path: Path, make_log: MakeLog, git: Git, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, options in (("remote.git", ["--bare"]), ("library", [])):
        git(tmp_path, "init", "--quiet", "-b", "main", "--object-format=sha256", *options, name)
    library = ConfigLibrary.init(tmp_path / "library")
    library.import_logs(make_log("dense", [1e-3]), platform="box")
    git(library.path, "remote", "add", "origin", str(tmp_path / "remote.git"))
    library.sync()
    path = tmp_path / "tvmgitlib.lock"
    write_pin(library.pin(local=local), path)
    assert len(json.loads(path.read_text())["commit"]) == 64
    assert records(ConfigLibrary.from_lock(path)) == records(library)
    clone = ConfigLibrary.clone((tmp_path / "remote.git").as_uri(), tmp_path / "clone")
    clone.import_logs(make_log("dense", [5e-4]), platform="box")
    assert len(clone.sync().sent) == 1
    assert clone.check() == []


def test_a_pin_opens_whatever_kind_of_ids_the_user_makes_new_repositories_with(
    lock: Path, shared: ConfigLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    assert records(ConfigLibrary.from_lock(lock)) == records(shared)
    assert records(ConfigLibrary.from_lock(lock)) == records(shared)


# Clones of a part


def test_a_shallow_library_is_pinned_locally(
    shared: ConfigLibrary, tmp_path: Path, git: Git, make_log: MakeLog
) -> None:
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    git(tmp_path, "clone", "--quiet", "--depth=1", shared.path.as_uri(), "shallow")
    shallow = ConfigLibrary(tmp_path / "shallow")
    path = tmp_path / "shallow.lock"
    write_pin(shallow.pin(local=True), path)
    assert records(ConfigLibrary.from_lock(path)) == records(shared)
    shallow.import_logs(make_log("dense", [5e-4]), platform="box")
    write_pin(shallow.pin(local=True), path)
    assert records(ConfigLibrary.from_lock(path)) == records(shallow)


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_an_old_commit_of_a_partial_clone_says_what_is_missing(
    shared: ConfigLibrary, tmp_path: Path, git: Git, make_log: MakeLog, kind: str
) -> None:
    shared.import_logs(make_log("dense", [1e-3]), platform="box")
    shared.sync()
    git(tmp_path / "remote.git", "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", f"--filter={kind}", (tmp_path / "remote.git").as_uri(), "part")
    part = ConfigLibrary(tmp_path / "part")
    assert part.pin().commit == shared.commit
    with pytest.raises(LibraryError, match="partial clone") as caught:
        part.at("HEAD~1").pin()
    assert "git fetch --refetch --no-filter" in str(caught.value)
