"""Trees are written byte for byte as Git itself would, and the user's part of them stays as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tvmgitlib.model import GitError, LibraryError
from tvmgitlib.store import Repository, Snapshot
from tvmgitlib.store.objects import NewObjects, differences, edit_tree, write_pack


def write_tree(
    repository: Repository, snapshot: Snapshot, files: dict[str, bytes | None], below: str = ""
) -> str | None:
    """Make a tree, write what is new of it, and return its id."""
    new = NewObjects(repository.digits)
    tree = edit_tree(snapshot, files, new, below)
    kept = write_pack(repository.git, repository.common_dir / "objects", new)
    if kept is not None:
        kept.unlink()
    return tree


#: The names that Git sorts in its own way: a folder as if its name ended in a slash.
SORTED_APART = ["a", "a-b", "a.b", "a0", "a/in", "b", "b.txt"]


def git_tree(repository: Repository, git) -> str:
    """The tree that `git` makes of the work tree."""
    git(repository.root, "add", "--all", "--force")
    return git(repository.root, "write-tree").strip()


def make_user_part(root: Path) -> None:
    """Everything that a user may have beside the library, with the names that make trouble."""
    for name in ("plain", "with space", "line\nbreak", 'quote"d', "back\\slash", "tab\there", "ünïcode", "~", "-n"):
        root.joinpath(name).write_text(name)
    Path(os.fsdecode(os.fsencode(root) + b"/not-utf-8-\xff\xfe")).write_text("x")
    root.joinpath("run.sh").write_text("#!/bin/sh\n")
    root.joinpath("run.sh").chmod(0o755)
    root.joinpath("link").symlink_to("/nowhere")
    root.joinpath("folder with\nbreak").mkdir()
    root.joinpath("folder with\nbreak", "inner").write_text("x")


@pytest.fixture(params=["sha1", "sha256"])
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Repository:
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", f"--object-format={request.param}", root], check=True)
    found = Repository.find(root)
    assert found is not None
    return found


def test_the_first_tree_is_the_one_that_git_makes(repository: Repository, git) -> None:
    files = {name: name.encode() for name in SORTED_APART if name != "a"}
    with repository.snapshot(None) as snapshot:
        written = write_tree(repository, snapshot, files)
    for name, content in files.items():
        path = repository.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert written == git_tree(repository, git)


def test_a_changed_tree_is_the_one_that_git_makes_and_the_users_part_is_as_it_was(repository: Repository, git) -> None:
    make_user_part(repository.root)
    folder = repository.root / "jobs" / "ab"
    folder.mkdir(parents=True)
    (folder / "old.jsonl").write_text("old")
    (folder / "gone.jsonl").write_text("gone")
    git(repository.root, "add", "--all")
    module = "1" * len(git(repository.root, "rev-parse", ":jobs/ab/old.jsonl").strip())
    git(repository.root, "update-index", "--add", "--cacheinfo", f"160000,{module},a submodule")
    git(repository.root, "commit", "-q", "-m", "the user's")

    files = {"jobs/ab/old.jsonl": b"new", "jobs/ab/gone.jsonl": None, "jobs/cd/x.jsonl": b"x", "configs/t/p": b"y"}
    with repository.snapshot(repository.head) as snapshot:
        written = write_tree(repository, snapshot, files)

    for name, content in files.items():
        path = repository.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    git(repository.root, "add", "jobs", "configs")
    assert written == git(repository.root, "write-tree").strip()
    changed = git(repository.root, "diff-tree", "-r", "--name-only", "HEAD", str(written)).split("\n")
    assert sorted(filter(None, changed)) == sorted(files)


def test_a_subtree_is_written_alone(repository: Repository, git) -> None:
    files: dict[str, bytes | None] = {"jobs/ab/x.jsonl": b"x", "configs/t": b"t"}
    with repository.snapshot(None) as snapshot:
        jobs = write_tree(repository, snapshot, files, "jobs")
        whole = write_tree(repository, snapshot, files)
    assert git(repository.root, "rev-parse", f"{whole}:jobs").strip() == jobs


def test_a_tree_without_files_is_none_and_empty_folders_go(repository: Repository, commit, git) -> None:
    commit(repository, {"jobs/ab/x.jsonl": b"x", "keep": b"k"})
    with repository.snapshot(repository.head) as snapshot:
        assert write_tree(repository, snapshot, {"jobs/ab/x.jsonl": None}, "jobs") is None
        left = write_tree(repository, snapshot, {"jobs/ab/x.jsonl": None})
    assert git(repository.root, "ls-tree", "-r", "--name-only", str(left)).split() == ["keep"]


def test_removing_what_is_not_there_changes_nothing(repository: Repository, commit, git) -> None:
    commit(repository, {"keep": b"k"})
    with repository.snapshot(repository.head) as snapshot:
        assert write_tree(repository, snapshot, {"no/such": None}) == git(repository.root, "rev-parse", "HEAD:").strip()


def test_a_file_is_not_written_below_a_file(repository: Repository, commit) -> None:
    commit(repository, {"jobs": b"a file"})
    with repository.snapshot(repository.head) as snapshot, pytest.raises(LibraryError, match="tree was expected"):
        write_tree(repository, snapshot, {"jobs/ab/x.jsonl": b"x"})


def test_of_folders_that_are_not_looked_into_only_that_they_differ_is_told(repository: Repository, commit) -> None:
    commit(repository, {"jobs/ab/x.jsonl": b"x", "docs/a/b": b"b", "same/c": b"c", "file": b"1"})
    first = repository.head
    commit(repository, {"jobs/cd/y.jsonl": b"y", "docs/a/b": b"d", "new/e": b"e", "file": b"2"})
    with repository.snapshot(first) as old, repository.snapshot(repository.head) as new:
        docs, now = old.entry("docs"), new.entry("docs")
        told = {path: ids for path, *ids in differences(old, new, ["jobs"])}
        everything = {path for path, _, _ in differences(old, new)}
    assert docs is not None and now is not None
    assert told.keys() == {"docs", "file", "jobs/cd/y.jsonl", "new"}
    assert told["docs"] == [docs.oid, now.oid]
    assert told["new"][0] is None
    assert everything == {"docs/a/b", "file", "jobs/cd/y.jsonl", "new/e"}


def test_what_git_cannot_write_is_an_error_in_its_own_words(repository: Repository, git, tmp_path: Path) -> None:
    blocked = repository.root / ".git" / "objects"
    blocked.rename(tmp_path / "objects")
    blocked.write_text("no folder")
    with pytest.raises(GitError, match="git "), repository.snapshot(None) as snapshot:
        write_tree(repository, snapshot, {"x": b"x"})
