"""The work tree follows a commit, and what a user did in it stays."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tvmgitlib.store import Repository
from tvmgitlib.store.landing import worktree
from tvmgitlib.store.landing.index import IndexLock
from tvmgitlib.store.objects import blob_id

OLD = {"jobs/ab/one.jsonl": b"one\n", "configs/t/p/ansor.jsonl": b"old\n", "configs/t/p/autotvm.jsonl": b"old\n"}
NEW = {"jobs/cd/two.jsonl": b"two\n", "configs/t/p/ansor.jsonl": b"new\n", "configs/t/p/autotvm.jsonl": None}
ADDED, CHANGED, REMOVED = NEW


@pytest.fixture
def repository(repository: Repository, commit) -> Repository:
    commit(repository, {**OLD, "mine": b"the user's\n"})
    return repository


def status(git, repository: Repository) -> list[str]:
    return git(repository.root, "status", "--porcelain", "--untracked-files=all").splitlines()


def folders(root: Path) -> set[str]:
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir())
    return {path for path in found if not path.startswith(".git")}


def test_files_are_added_changed_and_removed_and_empty_folders_go(repository: Repository, commit, git) -> None:
    made = commit(repository, {**NEW, "jobs/ab/one.jsonl": None})
    assert made.left_alone == ()
    assert status(git, repository) == []
    assert (repository.root / CHANGED).read_bytes() == b"new\n"
    assert folders(repository.root) == {"jobs", "jobs/cd", "configs", "configs/t", "configs/t/p"}
    commit(repository, {"jobs/cd/two.jsonl": None, CHANGED: None})
    assert folders(repository.root) == set()


def test_the_index_knows_the_new_files_without_reading_them(repository: Repository, commit, git) -> None:
    commit(repository, NEW)
    git(repository.root, "diff-files", "--quiet")
    many = {f"jobs/{number:02x}/x.jsonl": b"%d" % number for number in range(150)}
    commit(repository, many)
    git(repository.root, "diff-files", "--quiet")
    assert status(git, repository) == []


def test_the_index_is_written_once(repository: Repository, commit, monkeypatch, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_PERF", str(trace))
    commit(repository, NEW)
    assert trace.read_text().count("region_enter") > 0
    assert (
        len([line for line in trace.read_text().splitlines() if "region_leave" in line and "write_index" in line]) == 1
    )


@pytest.mark.parametrize(
    "attributes", ["ident", "text working-tree-encoding=latin1", "text working-tree-encoding=UTF-16"]
)
def test_the_index_has_what_the_commit_has_whatever_git_would_make_of_the_files(
    repository: Repository, commit, git, attributes: str
) -> None:
    (repository.git_dir / "info").mkdir(exist_ok=True)
    (repository.git_dir / "info" / "attributes").write_text(f"*.jsonl {attributes}\n")
    commit(repository, {**NEW, ADDED: "$Id: zw\u00f6lf $\n".encode()})
    git(repository.root, "diff-index", "--cached", "--quiet", "HEAD")
    assert (repository.root / ADDED).read_bytes() == "$Id: zw\u00f6lf $\n".encode()


@pytest.mark.parametrize("path", NEW)
def test_what_the_user_writes_once_the_files_are_there_is_not_staged(
    repository: Repository, commit, git, monkeypatch, path: str
) -> None:
    install = IndexLock.install

    def write_then_install(*arguments):
        (repository.root / path).write_text("edited\n")
        install(*arguments)

    monkeypatch.setattr(IndexLock, "install", write_then_install)
    assert commit(repository, NEW).left_alone == ()
    git(repository.root, "diff-index", "--cached", "--quiet", "HEAD")
    assert status(git, repository) == [f"?? {path}" if NEW[path] is None else f" M {path}"]


def test_an_edited_file_is_left_alone_and_told(repository: Repository, commit, git) -> None:
    (repository.root / CHANGED).write_text("edited\n")
    (repository.root / REMOVED).write_text("edited too\n")
    made = commit(repository, NEW)
    assert made.left_alone == (CHANGED, REMOVED)
    assert (repository.root / CHANGED).read_text() == "edited\n"
    assert (repository.root / REMOVED).read_text() == "edited too\n"
    assert status(git, repository) == [f" M {CHANGED}", f"?? {REMOVED}"]
    assert (repository.root / ADDED).read_bytes() == b"two\n"


def test_what_the_user_staged_stays_staged(repository: Repository, commit, git) -> None:
    (repository.root / CHANGED).write_text("staged\n")
    (repository.root / "mine").write_text("staged\n")
    (repository.root / "other").write_text("staged\n")
    git(repository.root, "add", "--all")
    made = commit(repository, NEW)
    assert made.left_alone == (CHANGED,)
    assert status(git, repository) == [f"M  {CHANGED}", "M  mine", "A  other"]
    assert git(repository.root, "show", f":{CHANGED}") == "staged\n"


def test_a_file_that_the_user_staged_where_ours_comes_stays(repository: Repository, commit, git) -> None:
    (repository.root / "jobs/cd").mkdir()
    (repository.root / ADDED).write_text("the user's\n")
    git(repository.root, "add", "--all")
    made = commit(repository, NEW)
    assert made.left_alone == (ADDED,)
    assert git(repository.root, "show", f":{ADDED}") == "the user's\n"


def test_deleted_files_stay_deleted(repository: Repository, commit, git) -> None:
    shutil.rmtree(repository.root / "configs")
    made = commit(repository, NEW)
    assert made.left_alone == (CHANGED,)
    assert status(git, repository) == [f" D {CHANGED}"]
    assert not (repository.root / "configs").exists()


def test_a_deletion_that_is_staged_stays_staged(repository: Repository, commit, git) -> None:
    git(repository.root, "rm", "-q", CHANGED)
    commit(repository, NEW)
    assert status(git, repository) == [f"D  {CHANGED}"]


@pytest.mark.parametrize("content", ["the user's\n", "two\n"], ids=["another text", "the same text"])
def test_an_untracked_file_in_the_way(repository: Repository, commit, git, content: str) -> None:
    (repository.root / "jobs/cd").mkdir()
    (repository.root / ADDED).write_text(content)
    made = commit(repository, NEW)
    assert made.left_alone == ((ADDED,) if content != "two\n" else ())
    assert (repository.root / ADDED).read_text() == content


def put_file(path: Path) -> None:
    path.write_text("in the way\n")


def put_folder(path: Path) -> None:
    path.mkdir()
    (path / "inner").write_text("in the way\n")


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may not be long
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def put_unreadable(path: Path) -> None:
    path.write_text("secret\n")
    path.chmod(0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("put", [put_folder, put_pipe, put_socket, put_unreadable])
@pytest.mark.parametrize("path", [ADDED, CHANGED, REMOVED], ids=["added", "changed", "removed"])
def test_what_is_no_file_of_ours_is_left_alone(repository: Repository, commit, path: str, put) -> None:
    place = repository.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    put(place)
    before = place.lstat()
    assert commit(repository, NEW).left_alone == (path,)
    assert (place.lstat().st_mode, place.lstat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("folder", ["jobs", "jobs/cd"])
def test_a_file_where_a_folder_is_needed_is_left_alone(repository: Repository, commit, folder: str) -> None:
    place = repository.root / folder
    shutil.rmtree(place, ignore_errors=True)
    put_file(place)
    assert commit(repository, {ADDED: b"two\n"}).left_alone == (ADDED,)
    assert place.read_text() == "in the way\n"


def test_a_folder_staged_as_a_file_is_left_alone(repository: Repository, commit, git) -> None:
    shutil.rmtree(repository.root / "jobs")
    put_file(repository.root / "jobs")
    git(repository.root, "add", "--all")
    commit(repository, {ADDED: b"two\n"})
    assert git(repository.root, "show", ":jobs") == "in the way\n"
    assert (repository.root / "jobs").read_text() == "in the way\n"


# Links


def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "cd").mkdir(parents=True)
    (folder / "t" / "p").mkdir(parents=True)
    (folder / "ab").mkdir()
    for path in OLD:
        (folder / path.partition("/")[2]).write_bytes(OLD[path])
    return folder


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("linked", ["jobs", "jobs/cd", "jobs/ab", "configs", "configs/t/p", CHANGED, ADDED, REMOVED])
def test_nothing_is_written_through_a_link_that_comes_before_the_write(
    repository: Repository, commit, tmp_path: Path, monkeypatch, linked: str
) -> None:
    """The links are planted after the library has looked for links, at the last moment before it writes."""
    away = outside(tmp_path)
    before = everything(away)
    target = away / (linked.partition("/")[2])

    def plant() -> None:
        place = repository.root / linked
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(target)

    at_the_last_moment(monkeypatch, plant)
    made = commit(repository, {**NEW, "jobs/ab/one.jsonl": None})
    assert everything(away) == before
    assert made.left_alone
    assert (repository.root / linked).is_symlink()


def test_a_folder_swapped_for_a_link_while_it_is_open_is_not_followed(
    repository: Repository, commit, tmp_path: Path, monkeypatch
) -> None:
    away = outside(tmp_path)
    before = everything(away)
    looked = worktree._blob_id

    def look_then_swap(folder: int, name: str, digits: int) -> str | None:
        found = looked(folder, name, digits)
        if name == "two.jsonl":
            (repository.root / "jobs").rename(tmp_path / "moved")
            (repository.root / "jobs").symlink_to(away)
        return found

    monkeypatch.setattr(worktree, "_blob_id", look_then_swap)
    commit(repository, NEW)
    assert everything(away) == before
    assert (tmp_path / "moved/cd/two.jsonl").read_bytes() == b"two\n"


def test_an_empty_folder_is_not_removed_through_a_link(repository, commit, tmp_path: Path, monkeypatch) -> None:
    away = outside(tmp_path)
    (away / "ab/one.jsonl").unlink()
    unlinked = os.unlink

    def unlink_then_swap(path, **options) -> None:
        unlinked(path, **options)
        if path == "one.jsonl":
            (repository.root / "jobs").rename(tmp_path / "moved")
            (repository.root / "jobs").symlink_to(away)

    monkeypatch.setattr(os, "unlink", unlink_then_swap)
    commit(repository, {"jobs/ab/one.jsonl": None})
    assert (away / "ab").is_dir()


def at_the_last_moment(monkeypatch, act) -> None:
    """Do something once, when the branch has moved and before the first file is written."""
    write, done = worktree._follow_file, []

    def act_then_write(*arguments):
        if not done:
            done.append(act())
        return write(*arguments)

    monkeypatch.setattr(worktree, "_follow_file", act_then_write)


def test_a_disk_that_is_full_for_the_files_is_made_good_by_the_next_command(
    repository: Repository, commit, git, monkeypatch, caplog
) -> None:
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(worktree, "_follow_file", full)
        made = commit(repository, NEW)
    assert git(repository.root, "rev-parse", "main").strip() == made.commit
    assert "No space left on device" in caplog.text
    assert "git commit -a would" in caplog.text
    refused = subprocess.run(["git", "-C", repository.root, "commit", "-am", "x"], capture_output=True, check=False)
    assert refused.returncode != 0
    repository.recover()
    assert status(git, repository) == []
    git(repository.root, "commit", "--allow-empty", "-q", "-am", "x")
    assert git(repository.root, "ls-tree", "-r", "--name-only", "HEAD").split() == sorted(
        [ADDED, CHANGED, "jobs/ab/one.jsonl", "mine"]
    )


def test_blob_ids_are_those_of_git(repository: Repository, git, tmp_path: Path) -> None:
    content = (repository.root / CHANGED).read_bytes()
    assert blob_id(content, 40) == git(repository.root, "hash-object", CHANGED).strip()
    git(tmp_path, "init", "-q", "--object-format=sha256", "other")
    (tmp_path / "other/x").write_bytes(content)
    assert blob_id(content, 64) == git(tmp_path / "other", "hash-object", "x").strip()
