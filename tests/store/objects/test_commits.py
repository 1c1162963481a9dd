"""A commit is read as Git reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tvmgitlib.store.objects import parse_commit

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
WHO = "Eve <eve@example.com> 1700000000 +0000"


def test_only_what_stands_right_behind_the_tree_is_a_parent(git, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "r")
    repository = tmp_path / "r"
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "First")
    first = git(repository, "rev-parse", "HEAD").strip()
    people = [f"author {WHO}", f"committer {WHO}"]
    for lines in ([f"parent {first}", *people], [*people, f"parent {first}"]):
        content = "\n".join([f"tree {EMPTY_TREE}", *lines, "", "Second\n"]).encode()
        store = ["git", "-C", str(repository), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
        written = subprocess.run(store, input=content, capture_output=True, check=True).stdout.decode().strip()
        _, *seen = git(repository, "rev-list", "--parents", "-1", written).split()
        assert list(parse_commit(content).parents) == seen
