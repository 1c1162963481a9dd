"""Commits that touched a folder, and what they did to its files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tvmgitlib.store.git import git
from tvmgitlib.store.repository import Repository


@dataclass(frozen=True, slots=True)
class TouchingCommit:
    """A commit, seen from one of its parents.

    Attributes:
        id: the commit.
        date: its author date, ISO 8601 with offset.
        author: its author's name.
        subject: the first line of its message.
        added, changed, removed: paths of files.
    """

    id: str
    date: str
    author: str
    subject: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def commits_touching(
    repository: Repository, commit: str | None, folder: str, *, each_parent: bool = False
) -> Iterator[TouchingCommit]:
    """The commits that touched files under a folder, newest first.

    Args:
        repository: where.
        commit: the newest commit; None gives nothing.
        folder: the folder, from the root.
        each_parent: show merges too, once for each parent they differ from.
    """
    if commit is None:
        return
    options = ["--raw", "--no-renames", "--no-abbrev", "--no-show-signature", *(["-m"] if each_parent else [])]
    text = git(repository.root, "log", f"--format={_FORM}", *options, commit, "--", folder).decode(errors="replace")
    for block in text.split(_START)[1:]:
        head, *rest = block.split("\n")
        touched: dict[str, list[str]] = {"A": [], "M": [], "D": [], "T": []}
        for line in rest:
            if line.startswith(":"):
                meta, path = line.split("\t", 1)
                touched[meta[-1]].append(path)
        oid, date, author, subject = head.split("\0")
        changed = (*touched["M"], *touched["T"])
        yield TouchingCommit(oid, date, author, subject, tuple(touched["A"]), changed, tuple(touched["D"]))


#: A commit starts where no text of Git's can: %s and %an never hold a control character of ours unescaped.
_START = "\x01\x02"
_FORM = "%x01%x02%H%x00%aI%x00%an%x00%s"
