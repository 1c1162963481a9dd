"""Commits that touched a folder, and what they did to its files."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from itertools import count, islice

from msgspec import Struct

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import SPARING, Waiting, failure
from tvmgitlib.store.objects import RAW, Delta, Watch, delta


class TouchingCommit(Struct, frozen=True):
    """A commit, seen from one of its parents.

    Attributes:
        id: the commit.
        date: its author date, ISO 8601 with offset.
        author: its author's name.
        subject: the first line of its message.
        deltas: what it did to the folder's files.
    """

    id: str
    date: str
    author: str
    subject: str
    deltas: tuple[Delta, ...]


def commits_touching(
    repository: Checkout,
    commit: str | None,
    folder: str,
    *,
    each_parent: bool = False,
    since: Collection[str] = (),
    oldest_first: bool = False,
) -> Iterator[TouchingCommit]:
    """The commits that touched files under a folder, newest first: whoever stops early has not waited for the rest.

    Plumbing, because `git log` heeds a dozen settings of the user's.

    Args:
        repository: where.
        commit: the newest commit; None gives nothing.
        folder: the folder, from the root of what is read of the repository (`Checkout.folder`), as are the paths given.
        each_parent: leave no branch of the history out, and show merges too, once for each parent they differ from.
        since: commits whose history is left out.
        oldest_first: whether they come the other way round.

    Raises:
        LibraryError: a folder of the history is missing from this (partial) clone.
        GitError: Git cannot read the history.
    """
    if commit is None:
        return
    walk = ["--topo-order", "--full-history"] if each_parent else []
    if oldest_first:
        walk.append("--reverse")
    outside = [f"^{left_out}" for left_out in since]

    def looked_through() -> Generator[str]:
        yield from commits_of(repository, *outside, commit)
        yield from since

    above = f"{repository.folder}/" if repository.folder else ""
    spec = f":(literal){above}{folder}"
    options = ["-r", "--root", *RAW, *(["-m"] if each_parent else []), "--encoding=UTF-8", f"--pretty=format:{_FORM}"]
    listing = ["rev-list", *walk, *outside, commit, "--", spec]
    compare = [*SPARING, "diff-tree", "--stdin", *options, "--", spec]
    watch = Watch(repository.git, repository.digits, above + folder, history=True)
    with closing(looked_through()) as looked:
        for commits in _listed(repository, listing, folder, watch.of(looked)):
            waiting = watch.of(_compared(repository, commits.decode().split()))
            said = repository.git.run(*compare, stdin=commits, most=_MOST_SAID, waiting=waiting)
            yield from _touching(said, os.fsencode(above))


def _listed(repository: Checkout, command: list[str], folder: str, waiting: Waiting) -> Iterator[bytes]:
    """Lists of commits, each longer than the one before: few processes are started, and the first answer comes soon.

    The first few are of a process of their own: another one would list on ahead, for nobody where they are enough.
    """
    name, *arguments = command
    if "--reverse" in arguments:  # the oldest are known when all are
        yield from _lists(repository, command, folder, waiting)
        return
    listed = 0
    for commits in _lists(repository, [name, f"--max-count={_FIRST}", *arguments], folder, waiting):
        listed += commits.count(b"\n")
        yield commits
    if listed == _FIRST:
        yield from _lists(repository, [name, f"--skip={_FIRST}", *arguments], folder, waiting)


def _lists(repository: Checkout, command: list[str], folder: str, waiting: Waiting) -> Iterator[bytes]:
    process = repository.git.start(*SPARING, *command)
    assert process.stdin and process.stdout and process.stderr  # they are pipes
    try:
        process.stdin.close()
        for power in count(6):
            with waiting(process):
                listed = b"".join(islice(process.stdout, 2 ** min(power, _LONGEST)))
            if not listed:
                break
            yield listed
        said, status = process.stderr.read(), process.wait()
        if status != 0:
            error = failure(["rev-list"], said, status)
            if repository.reader.partial():
                raise repository.reader.missing(f"{folder}/") from error
            raise error
    finally:
        process.kill()  # whoever asks may have heard enough
        for pipe in (process.stdout, process.stderr):
            pipe.close()
        process.wait()


def commits_of(repository: Checkout, *revisions: str) -> Iterator[str]:
    """The commits that some revisions lead to, whatever they touch: Git looks into none of their folders.

    Raises:
        GitError: Git cannot read the history.
    """
    with repository.git.start("rev-list", *revisions, "--") as process:
        assert process.stdout and process.stderr  # they are pipes
        try:
            for line in process.stdout:
                yield line.decode().strip()
            said, status = process.stderr.read(), process.wait()
        finally:
            process.kill()  # whoever asks may have heard enough
    if status != 0:
        raise failure(["rev-list"], said, status)


def _compared(repository: Checkout, commits: Sequence[str]) -> Iterator[str]:
    """Some commits, and what each is compared with."""
    yield from commits
    for commit in commits:
        yield from repository.commit_at(commit).parents


def _touching(output: bytes, above: bytes) -> Iterator[TouchingCommit]:
    """What `git diff-tree` says of commits, with paths as they are below a folder."""
    fields = _fields(output)
    while oid := next(fields, b""):
        date, author, rest = next(fields), next(fields), next(fields)
        subject, _, meta = rest.rpartition(b"\n")
        touched = []
        while meta:  # an empty field, or the end, is what follows the last path of a commit
            touched.append(delta(meta, next(fields).removeprefix(above)))
            meta = next(fields, b"")
        yield TouchingCommit(_text(oid), _text(date), _text(author), _text(subject), tuple(touched))


def _fields(output: bytes) -> Iterator[bytes]:
    """What stands between NULs, one after the other: a list of it all takes several times as much memory."""
    begin = 0
    while (end := output.find(b"\0", begin)) >= 0:
        yield output[begin:end]
        begin = end + 1
    yield output[begin:]


def _text(field: bytes) -> str:
    return field.decode(errors="replace")


#: How many commits are looked at first.
_FIRST = 32

#: At most so many commits (a power of two) are looked at at once, and so much is read of what Git says of them (bytes).
_LONGEST = 12
_MOST_SAID = 1 << 28

_FORM = "%H%x00%aI%x00%an%x00%s"
