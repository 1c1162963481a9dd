"""Whether a library's work tree and index are as its commit, and whether Git would leave them so."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from tvmgitlib.format import SETTINGS_FILE
from tvmgitlib.library.care.problems import Problem
from tvmgitlib.library.reading import ATTRIBUTES_FILE, Contents, is_own
from tvmgitlib.model import LibraryError, TvmgitlibError, plain_line
from tvmgitlib.store import (
    MOST,
    OWN_FOLDERS,
    Entry,
    Repository,
    altering_attributes,
    blob_id,
    left_out,
    links_under,
    read_small,
    require_plain,
)

#: What the library has in a work tree, and what says how Git treats it.
OWN_FILES = (SETTINGS_FILE, ATTRIBUTES_FILE, *OWN_FOLDERS)
_DIFFERS = "the work tree differs from the commit; git diff shows how, git restore undoes it"


def namesakes(contents: Contents) -> Iterator[tuple[str, str]]:
    """What a commit has at its root by a name that many file systems cannot tell from one of the library's own.

    Returns:
        Each with the library's.
    """
    own = {_folded(name): name for name in OWN_FILES}
    for entry in contents.snapshot.folder(""):
        name = own.get(_folded(entry.name))
        if name is not None and name != entry.name:
            yield entry.name, name


def _folded(name: str) -> str:
    """A name without what some file system passes over: case, forms of a character, what nobody sees."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in plain if unicodedata.category(each) != "Cf")


def work_tree(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Where the index and the files on disk differ from the commit."""
    operation = repository.unfinished
    if operation is not None:  # whose files are staged: to unstage them is to lose the other side's jobs
        what = f"a git {operation} is under way: finish it with git {operation} --continue, or git {operation} --abort"
        yield Problem(".", None, what)
        return
    for path in repository.staged(contents.snapshot.commit, [SETTINGS_FILE, *OWN_FOLDERS]):
        what = "staged: the next git commit would change it; git restore --staged undoes it"
        yield Problem(plain_line(path), None, what)
    links = [path for folder in OWN_FOLDERS for path in links_under(repository.root, folder)]
    for path in links:
        yield Problem(plain_line(path), None, "a symbolic link in the work tree; the library never follows it")
    known = set(links)
    sparse = left_out(repository.git)
    for path, entry in contents.committed():
        known.add(path)
        if not is_own(path) or (path in sparse and not (repository.root / path).exists()):
            continue
        if any(path == link or path.startswith(f"{link}/") for link in links):
            continue
        problem = _on_disk(repository.root, path, contents, entry)
        if problem is not None:
            yield problem
    for path in _files_on_disk(repository.root):
        if path not in known:
            yield Problem(plain_line(path), None, "in the work tree, but not committed; the library does not use it")
    yield from _attributes(repository, [path for path, _ in contents.committed() if is_own(path)])


def is_untouched(repository: Repository, contents: Contents, changed: Collection[str]) -> bool:
    """Whether the index and the files on disk are as a commit, of a library in which they were as an earlier one.

    Of what did not change since, Git's own word is taken, which goes by size and times.

    Args:
        repository: the library's repository, which is not bare.
        contents: the library in its current commit.
        changed: the paths that changed since that earlier commit.

    Raises:
        GitError: Git cannot say.
    """
    with repository.undisturbed():
        commit = contents.snapshot.commit
        if ATTRIBUTES_FILE in changed or repository.head != commit or repository.unfinished is not None:
            return False
        if repository.staged(commit, OWN_FILES) or repository.is_altered(OWN_FILES):
            return False
        for path in changed:
            entry = contents.snapshot.entry(path)
            if entry is not None and _on_disk(repository.root, path, contents, entry) is not None:
                return False
        return not any(_attributes(repository, {*changed, *_some(contents)}))


def _some(contents: Contents) -> Iterator[str]:
    """The settings, and the first file in each folder of the library's: what attributes do to others, they do to it."""
    yield SETTINGS_FILE
    for folder in OWN_FOLDERS:
        first = next(contents.snapshot.files(folder), None)
        if first is not None:
            yield first[0]


def _attributes(repository: Repository, paths: Collection[str]) -> Iterator[Problem]:
    """Attributes of the user's that are stronger than the library's: Git would commit and check out other bytes."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, name, value in altering_attributes(repository, paths):
        told[name, value].append(path)
    for (name, value), found in told.items():
        more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
        message = (
            f"lets Git change the bytes of {plain_line(found[0])}{more} ({name}: {value}); tvmgitlib rebuild puts the "
            "library's own lines last (an attributes file below it, or in the Git directory, has to go)"
        )
        yield Problem(ATTRIBUTES_FILE, None, message)


def _on_disk(root: Path, path: str, contents: Contents, entry: Entry) -> Problem | None:
    """What is wrong with a committed file as it is on disk; what the commit itself has is another matter."""
    try:
        require_plain(path, entry)
    except TvmgitlibError:
        return None
    file = root / path
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Problem(path, None, "no plain file in the work tree; when it is away, git restore brings it back")
        if status.st_size > MOST["blob"]:
            return Problem(path, None, _DIFFERS)
        on_disk = read_small(file, MOST["blob"])
    except (FileNotFoundError, NotADirectoryError):
        return Problem(path, None, "missing in the work tree; git restore brings it back")
    except OSError as error:
        return Problem(path, None, f"cannot be read in the work tree: {error.strerror}")
    if blob_id(on_disk, len(entry.oid)) == entry.oid:
        return None
    try:
        return Problem(path, first_difference(on_disk, contents.snapshot.blob(path, entry.oid)), _DIFFERS)
    except LibraryError:  # it is too large
        return Problem(path, None, _DIFFERS)


def _files_on_disk(root: Path) -> Iterator[str]:
    for folder in OWN_FOLDERS:
        if (root / folder).is_symlink():
            continue
        for parent, folders, files in os.walk(root / folder):
            folders.sort()
            for name in sorted(files):
                yield Path(parent, name).relative_to(root).as_posix()


def first_difference(content: bytes, expected: bytes) -> int:
    """The first line, from 1, in which two texts differ."""
    same, end = 0, min(len(content), len(expected))
    while same < end:  # the longest beginning that is known to be the same, and the shortest that may not be
        middle = (same + end + 1) // 2
        if content[same:middle] == expected[same:middle]:
            same = middle
        else:
            end = middle - 1
    longer = content if len(content) > len(expected) else expected
    ends_early = same == min(len(content), len(expected)) and longer[same : same + 1] == b"\n"
    return content.count(b"\n", 0, same) + 1 + ends_early
