"""Trees as bytes: what Git writes is read back, and what it would not write is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvmgitlib.store.objects.raw import Entry, make_tree, read_tree

#: The id of a blob that holds nothing.
EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=4)
MODES = st.sampled_from(["100644", "100755", "120000", "40000", "160000"])
ENTRIES = st.dictionaries(NAMES, MODES, max_size=8).map(
    lambda modes: [Entry(mode, name, f"{number:040x}") for number, (name, mode) in enumerate(modes.items())]
)


@given(ENTRIES)
def test_a_tree_is_read_as_it_was_made(entries: list[Entry]) -> None:
    raw = make_tree(entries)
    assert sorted(read_tree(raw, 20)) == sorted(entries)
    assert make_tree(read_tree(raw, 20)) == raw


@given(ENTRIES, st.data())
def test_in_another_order_or_with_a_name_twice_it_is_none(entries: list[Entry], data: st.DataObject) -> None:
    written = [make_tree([entry]) for entry in read_tree(make_tree(entries), 20)]
    mixed = data.draw(st.permutations(written))
    if mixed != written:
        with pytest.raises(ValueError, match="order"):
            read_tree(b"".join(mixed), 20)
    if written:
        again = data.draw(st.sampled_from(entries))._replace(mode=data.draw(MODES), oid="f" * 40)
        with pytest.raises(ValueError, match="twice"):
            read_tree(make_tree([*entries, again]), 20)


@pytest.mark.parametrize("name", ["", "a/b", "/"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name that is none"):
        read_tree(make_tree([Entry("100644", name, "0" * 40)]), 20)


def test_git_finds_fault_with_the_same(git, tmp_path: Path) -> None:
    """`git fsck` is the measure of what a tree is."""
    a, b, folder = Entry("100644", "a", EMPTY), Entry("100644", "b", EMPTY), Entry("40000", "a", EMPTY)
    path = Entry("100644", "a/b", EMPTY)
    cases = {"duplicateEntries": [[a, a], [a, folder]], "treeNotSorted": [[b, a]], "fullPathname": [[path]]}
    for number, (what, entries) in enumerate((what, each) for what, some in cases.items() for each in some):
        repository = tmp_path / str(number)
        git(tmp_path, "init", "--quiet", "--bare", str(repository))
        raw = b"".join(make_tree([entry]) for entry in entries)
        in_there = ["git", "-C", str(repository)]
        store = [*in_there, "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
        subprocess.run(store, input=raw, capture_output=True, check=True)
        said = subprocess.run([*in_there, "fsck"], capture_output=True, text=True, check=False).stderr
        assert what in said
        with pytest.raises(ValueError, match=r"name|order"):
            read_tree(raw, 20)
