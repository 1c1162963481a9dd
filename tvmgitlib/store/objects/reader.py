"""Reading objects through one long-lived `git cat-file --batch`, which serves a whole command."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, cast

from msgspec import Struct

from tvmgitlib.model import LibraryError, MissingError
from tvmgitlib.store.damage import damaged
from tvmgitlib.store.git import SPARING, Git, Overheard, Setting, is_settled
from tvmgitlib.store.objects.limits import AT_ONCE, MOST
from tvmgitlib.store.objects.raw import Entry, object_id, read_tree
from tvmgitlib.store.small import size_in_words

#: Few enough that the questions fit into any pipe.
_QUESTIONS = 16

#: How many folders are kept in mind, each of so many entries at most: several questions go through the same ones.
_MOST_TREES, _SMALL_TREE = 1024, 256

#: What Git notes of the remotes that a partial clone has left something with: what it left out.
_FILTERS = r"^remote\..*\.partialclonefilter$"


class _Answer(Struct, frozen=True):
    """An object: id, type, size in bytes, and content. All None where there is none; the last where it is too large."""

    oid: str | None
    kind: str | None
    size: int
    content: bytes | None

    @property
    def is_too_large(self) -> bool:
        return self.oid is not None and self.content is None

    @property
    def is_forged(self) -> bool:
        """Whether the content is another one than the id says: Git believes its own files."""
        if self.oid is None or self.kind is None or self.content is None:
            return False
        return object_id(self.kind, self.content, len(self.oid)) != self.oid


class ObjectReader:
    """Reads blobs, trees and commits.

    The process starts with the first question and ends with the reader. Threads take turns; a process that was forked
    off starts its own.
    """

    def __init__(self, git: Git) -> None:
        self.git = git
        self._turn = threading.RLock()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._overheard: Overheard | None = None
        self._is_deaf = False
        self._told: list[Setting] | None = None
        self._trees: dict[str, list[Entry]] = {}
        self._end: weakref.finalize[..., ObjectReader] | None = None

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._hear()
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def read(self, name: str, kind: str, most: int | None = None) -> bytes | None:
        """The content of an object, or None when there is none of that name.

        Args:
            name: an object id, or any other name of Git's for it.
            kind: the type it must have: `blob`, `tree` or `commit`.
            most: how large it may be, in bytes; None for what its type may be (`MOST`).

        Raises:
            LibraryError: the object has another type, or is larger.
        """
        return self._one(name, kind, most).content

    def resolve(self, name: str) -> str | None:
        """The id of the commit that a name of Git's stands for, at this moment; None when it names none."""
        return self._one(f"{name}^{{commit}}", "commit").oid

    def read_all(self, oids: Iterable[str], kind: str) -> Iterator[bytes | None]:
        """The contents of many objects, a few at a time, so that neither side waits for the other at each of them.

        Raises:
            LibraryError: as `read`, in the place of the object.
        """
        remaining, asked = iter(oids), deque[str]()
        while asked or (some := list(islice(remaining, _QUESTIONS))):
            if not asked:
                asked.extend(some)
            for answer in self._ask(list(asked), kind, MOST[kind]):
                yield _held_to(answer, asked.popleft(), kind, MOST[kind]).content

    def tree(self, oid: str, name: str | None = None) -> list[Entry]:
        """The entries of a tree.

        Args:
            oid: its id; the length says how long the ids in it are.
            name: another name of Git's for it, by a commit's id.

        Raises:
            LibraryError: this clone does not have it, or it is larger than any of a library.
        """
        asked = name or oid
        known = self._trees.get(asked)
        if known is not None:
            return known
        content = self.read(asked, "tree")
        if content is None:
            raise self.missing(asked)
        try:
            entries = read_tree(content, len(oid) // 2)
        except ValueError as error:
            raise LibraryError(f"a damaged tree: {error}", file=oid, hint="git fsck says more.") from None
        if len(entries) <= _SMALL_TREE and len(self._trees) < _MOST_TREES:
            self._trees[asked] = entries
        return entries

    def missing(self, file: str | None) -> LibraryError:
        """The error for an object that there has to be; it says why there may be none, and how to get it."""
        way = self.partial()
        if way is None and b"true" in self.git.try_run("rev-parse", "--is-shallow-repository").stdout:
            way = "Run git fetch --unshallow."
        if way is None:
            return damaged(self.git, "an object is missing", file)
        return MissingError("the object is missing from this clone", file=file, hint=way)

    def partial(self) -> str | None:
        """What to do about what a partial clone has left with its remote; None where this is a whole one."""
        found = self.git.try_run("config", "--get-regexp", _FILTERS).stdout.decode(errors="replace").split()
        if not found:
            return None
        return (
            f"This is a partial clone ({found[1]}), and none is completed behind your back: tvmgitlib sync brings what "
            "a build needs of the latest commit. Run git fetch --refetch --no-filter, once, for all of it."
        )

    def _one(self, name: str, kind: str, most: int | None = None) -> _Answer:
        if "\n" in name:  # no name of Git's has a line break
            return _NOTHING
        most = MOST[kind] if most is None else most
        return _held_to(self._ask([name], kind, most)[0], name, kind, most)

    def _ask(self, names: Sequence[str], kind: str, most: int) -> list[_Answer]:
        """What is known of some objects, or of the first few of them where all would be too much at once."""
        if self._owner != os.getpid():  # forked off: another thread may have had its turn at that moment
            self._turn, self._owner = threading.RLock(), os.getpid()
            self.close()
        with self._turn:
            try:
                answers = _exchange(self._process or self._start(), names, kind, most)
                self._hear()
            except (BrokenPipeError, EOFError):
                was_telling = self._overheard is not None
                self.close()
                if was_telling:  # Gits before 2.49 fail at a variable without a value when they are to tell it
                    self._is_deaf = True
                    return self._ask(names, kind, most)
                if self.partial():  # some Gits end where they may not fetch what is missing
                    raise self.missing(names[0] if len(names) == 1 else None) from None
                raise damaged(self.git, "Git cannot read an object, or it is too large", names[0]) from None
            except BaseException:  # interrupted: the rest of the answer would be taken for the next one
                self.close()
                raise
            if len(answers) < len(names) or answers[-1].is_too_large:
                self.close()  # what was not read would be taken for the next answer
        for answer in answers:
            if answer.is_forged:
                raise damaged(self.git, "an object is another one than its id says", answer.oid)
        return answers

    @property
    def told(self) -> list[Setting] | None:
        """What Git has said it is configured to do (`OVERHEARD`); None where it has not, or that may have changed."""
        return self._told if is_settled() else None

    def _hear(self) -> None:
        """Take what Git has said, once: by its first answer it has said all."""
        if self._overheard is not None:
            self._told, self._overheard = self._overheard.end(), None

    def _start(self) -> subprocess.Popen[bytes]:
        command = (*SPARING, "cat-file", "--batch")
        self._overheard = told = None if self._is_deaf else Overheard.begin()
        if told is None:
            process = self.git.start(*command, stderr=subprocess.DEVNULL)
        else:
            process = self.git.start(*told.options, *command, stderr=subprocess.DEVNULL, keep=[told.file], env=told.env)
        self._process = process
        self._end = weakref.finalize(self, _end, process, os.getpid())
        return process


def _exchange(process: subprocess.Popen[bytes], names: Sequence[str], kind: str, most: int) -> list[_Answer]:
    """Ask for some objects, and read what comes, until it is enough at once, or one is too large or of another type."""
    stdin, stdout = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
    stdin.write("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
    stdin.flush()
    answers: list[_Answer] = []
    while len(answers) < len(names) and sum(answer.size for answer in answers) < AT_ONCE:
        answers.append(_answer(stdout, kind, most))
        if answers[-1].is_too_large:
            break
    return answers


def _answer(stdout: BinaryIO, wanted: str, most: int) -> _Answer:
    """The next answer. Git says the size before it reads the object, so that we can go away in time."""
    answer = stdout.readline().decode(errors="replace").split()
    if not answer:
        raise EOFError
    if answer[-1] in ("missing", "ambiguous"):
        return _NOTHING
    oid, kind, size = answer[0], answer[1], int(answer[2])
    if size > most or kind != wanted:
        return _Answer(oid, kind, size, None)
    content = stdout.read(size)
    if len(content) < size or not stdout.read(1):
        raise EOFError
    return _Answer(oid, kind, size, content)


def _held_to(answer: _Answer, name: str, kind: str, most: int) -> _Answer:
    """An answer that has a content, or none because there is no such object.

    Raises:
        LibraryError: the object has another type, or is too large; without a file where it is a tree or a blob, whose
            path is more to say than its id.
    """
    if answer.kind not in (None, kind):
        raise LibraryError(f"a {kind} was expected, this is a {answer.kind}", file=name)
    if answer.is_too_large:
        raise LibraryError(
            f"a {kind} of {size_in_words(answer.size)}, so it is not read: {size_in_words(most)} are the most",
            file=name if kind == "commit" else None,
        )
    return answer


_NOTHING = _Answer(None, None, 0, None)


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
