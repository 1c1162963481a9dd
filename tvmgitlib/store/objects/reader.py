"""Reading objects through one long-lived `git cat-file --batch`, which serves a whole command."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, cast

from tvmgitlib.errors import LibraryError
from tvmgitlib.store.git import Git
from tvmgitlib.store.objects.raw import Entry, parse_tree

#: Few enough that the questions fit into any pipe and the answers into memory.
_AT_ONCE = 16

#: What Git notes of the remotes that a partial clone has left something with: what it left out.
_FILTERS = r"^remote\..*\.partialclonefilter$"


class ObjectReader:
    """Reads blobs, trees and commits.

    The process starts with the first question and ends with the reader. Threads take turns; a process that was forked
    off starts its own.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._turn = threading.RLock()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., ObjectReader] | None = None

    def close(self) -> None:
        """End the process; the next question starts another."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def read(self, name: str, kind: str) -> bytes | None:
        """The content of an object, or None when there is none of that name.

        Args:
            name: an object id, or any other name of Git's for it.
            kind: the type it must have: `blob`, `tree` or `commit`.

        Raises:
            LibraryError: the object has another type.
        """
        _, content = self._one(name, kind)
        return content

    def resolve(self, name: str) -> str | None:
        """The id of the commit that a name of Git's stands for, at this moment; None when it names none."""
        oid, _ = self._one(f"{name}^{{commit}}", "commit")
        return oid

    def read_all(self, oids: Iterable[str], kind: str) -> Iterator[bytes | None]:
        """The contents of many objects, a few at a time, so that neither side waits for the other at each of them."""
        remaining = iter(oids)
        while some := list(islice(remaining, _AT_ONCE)):
            yield from [content for _, content in self._ask(some, kind)]

    def tree(self, oid: str, name: str | None = None) -> list[Entry]:
        """The entries of a tree.

        Args:
            oid: its id; the length says how long the ids in it are.
            name: another name of Git's for it.

        Raises:
            LibraryError: this clone does not have it.
        """
        content = self.read(name or oid, "tree")
        if content is None:
            raise self.missing(name or oid)
        return list(parse_tree(content, len(oid) // 2))

    def missing(self, file: str) -> LibraryError:
        """The error for an object that there has to be; it says why there may be none, and how to get it."""
        return LibraryError(
            "the object is missing from this clone", file=file, hint=self.partial() or "Run git fetch --refetch."
        )

    def partial(self) -> str | None:
        """What to do about what a partial clone has left with its remote; None where this is a whole one."""
        found = self._git.try_run("config", "--get-regexp", _FILTERS).stdout.decode(errors="replace").split()
        if not found:
            return None
        return (
            f"This is a partial clone ({found[1]}), and none is completed behind your back. "
            "Run git fetch --refetch --no-filter, once."
        )

    def _one(self, name: str, kind: str) -> tuple[str | None, bytes | None]:
        return (None, None) if "\n" in name else self._ask([name], kind)[0]  # no name of Git's has a line break

    def _ask(self, names: Sequence[str], kind: str) -> list[tuple[str | None, bytes | None]]:
        if self._owner != os.getpid():  # forked off: another thread may have had its turn at that moment
            self._turn, self._owner = threading.RLock(), os.getpid()
            self.close()
        with self._turn:
            try:
                answers = _exchange(self._process or self._start(), names)
            except (BrokenPipeError, EOFError):
                self.close()
                if self.partial():  # some Gits end where they may not fetch what is missing
                    raise self.missing(names[0]) from None
                raise LibraryError(
                    "git cat-file ended early; git fsck says whether the repository is damaged", file=names[0]
                ) from None
            except BaseException:  # interrupted: the rest of the answer would be taken for the next one
                self.close()
                raise
        for name, (_, found, _) in zip(names, answers, strict=True):
            if found not in (None, kind):
                raise LibraryError(f"a {kind} was expected, this is a {found}", file=name)
        return [(oid, content) for oid, _, content in answers]

    def _start(self) -> subprocess.Popen[bytes]:
        process = self._git.start("cat-file", "--batch", stderr=subprocess.DEVNULL)
        self._process = process
        self._end = weakref.finalize(self, _end, process, os.getpid())
        return process


def _exchange(
    process: subprocess.Popen[bytes], names: Sequence[str]
) -> list[tuple[str | None, str | None, bytes | None]]:
    """Ask for some objects: of each its id, type and content; None where there is none."""
    stdin, stdout = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
    stdin.write("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
    stdin.flush()
    return [_answer(stdout) for _ in names]


def _answer(stdout: BinaryIO) -> tuple[str | None, str | None, bytes | None]:
    answer = stdout.readline().decode(errors="replace").split()
    if not answer:
        raise EOFError
    if answer[-1] in ("missing", "ambiguous"):
        return None, None, None
    oid, kind, size = answer
    content = stdout.read(int(size))
    if len(content) < int(size) or not stdout.read(1):
        raise EOFError
    return oid, kind, content


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    """End a process, or, where we were forked off since, only let go of it."""
    if owner == os.getpid():
        process.kill()  # a child of ours may hold the pipe, so that it would never see the end of it
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:  # there was something in the buffer
                pass
    if owner == os.getpid():
        process.wait()
    else:
        process.returncode = 0  # it is not our child to wait for
