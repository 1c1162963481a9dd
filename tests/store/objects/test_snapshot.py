"""What a commit must not hold is refused with its name, and nothing of it is ever followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tvmgitlib.model import LibraryError
from tvmgitlib.store import Repository
from tvmgitlib.store.objects import Snapshot


def listed(snapshot: Snapshot, folder: str = "jobs") -> list[str]:
    return [path for path, _ in snapshot.files(folder)]


def plant(repository: Repository, git, mode: str, path: str) -> str:
    """Commit an entry of any mode at a path that `git add` would make no entry of; return the commit."""
    blob = git(repository.root, "rev-parse", "HEAD:plain").strip()
    oid = git(repository.root, "rev-parse", "HEAD").strip() if mode == "160000" else blob
    git(repository.root, "update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
    git(repository.root, "commit", "-q", "-m", "planted")
    return git(repository.root, "rev-parse", "HEAD").strip()


@pytest.fixture
def repository(repository: Repository, commit) -> Repository:
    commit(repository, {"plain": b"text\n", "jobs/ab/x.jsonl": b"x", "jobs/cd/y.jsonl": b"y"})
    return repository


def test_files_come_in_gits_order_with_their_contents(repository: Repository) -> None:
    with repository.snapshot(repository.head) as snapshot:
        files = list(snapshot.files("jobs"))
        assert dict(snapshot.contents(files)) == {"jobs/ab/x.jsonl": b"x", "jobs/cd/y.jsonl": b"y"}
        assert snapshot.read("plain") == b"text\n"


def test_what_is_not_there_is_none_or_nothing(repository: Repository) -> None:
    with repository.snapshot(repository.head) as snapshot:
        assert snapshot.read("no such") is None
        assert snapshot.read("no/such") is None
        assert listed(snapshot, "no/such") == []
    with repository.snapshot(None) as empty:
        assert empty.read("plain") is None
        assert listed(empty) == []


@pytest.mark.parametrize(
    ("mode", "what"),
    [("120000", "a symbolic link"), ("160000", "a submodule"), ("100755", "an executable file")],
)
def test_what_is_no_plain_file_is_refused_by_name(repository: Repository, git, mode: str, what: str) -> None:
    commit = plant(repository, git, mode, "jobs/ef/bad.jsonl")
    with repository.snapshot(commit) as snapshot:
        with pytest.raises(LibraryError, match=f"jobs/ef/bad.jsonl: {what}"):
            listed(snapshot)
        with pytest.raises(LibraryError, match=what):
            snapshot.read("jobs/ef/bad.jsonl")


def test_a_link_in_place_of_a_folder_is_not_followed(repository: Repository, git) -> None:
    git(repository.root, "rm", "-q", "-r", "jobs")
    commit = plant(repository, git, "120000", "jobs")
    with repository.snapshot(commit) as snapshot, pytest.raises(LibraryError, match="blob"):
        listed(snapshot)


def test_a_folder_is_no_file(repository: Repository) -> None:
    with repository.snapshot(repository.head) as snapshot, pytest.raises(LibraryError, match="a folder"):
        snapshot.read("jobs")


@pytest.mark.parametrize("name", ["line\nbreak", "back\\slash", "escape\x1b[2J", "..", ".", os.fsdecode(b"bad-\xff")])
def test_a_name_that_is_not_safe_is_refused_and_shown_escaped(repository: Repository, git, name: str) -> None:
    blob = git(repository.root, "rev-parse", "HEAD:plain").strip()
    inner = make_tree(repository, f"100644 blob {blob}\t{name}")
    root = make_tree(repository, f"040000 tree {inner}\tjobs")
    with repository.snapshot(root) as snapshot, pytest.raises(LibraryError, match="a name that") as caught:
        listed(snapshot)
    assert str(caught.value).splitlines()[0].isprintable()


@pytest.mark.parametrize("name", ["line\nbreak", os.fsdecode(b"bad-\xff")])
def test_a_folder_with_an_unsafe_name_hides_nothing(repository: Repository, git, name: str) -> None:
    blob = git(repository.root, "rev-parse", "HEAD:plain").strip()
    inner = make_tree(repository, f"100644 blob {blob}\tx.jsonl")
    jobs = make_tree(repository, f"040000 tree {inner}\t{name}")
    root = make_tree(repository, f"040000 tree {jobs}\tjobs")
    with repository.snapshot(root) as snapshot, pytest.raises(LibraryError, match="a name that"):
        listed(snapshot)


def test_an_object_that_the_clone_lacks_is_named(repository: Repository, git) -> None:
    (repository.root / "jobs/ab/x.jsonl").write_text("loose")
    git(repository.root, "commit", "-q", "-a", "-m", "one object a file")
    blob = git(repository.root, "rev-parse", "HEAD:jobs/ab/x.jsonl").strip()
    Path(repository.root, ".git", "objects", blob[:2], blob[2:]).unlink()
    with repository.snapshot(repository.head) as snapshot, pytest.raises(LibraryError, match=r"jobs/ab/x\.jsonl"):
        dict(snapshot.contents(snapshot.files("jobs")))


def make_tree(repository: Repository, entry: str) -> str:
    """Write a tree with one entry, whatever its name."""
    return repository.git.run("mktree", "-z", stdin=os.fsencode(entry) + b"\0").decode().strip()
