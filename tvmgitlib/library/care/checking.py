"""Proving a library: configs/ is what jobs/ folds to, every line is valid, no segment changed, the work tree agrees."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.families.text import lines_of
from tvmgitlib.format.segment import ranked_lines, read_segment
from tvmgitlib.library.reading.contents import FOLD_FILE, SETTINGS_FILE, Contents, FoldStamp, Tally, read_configs
from tvmgitlib.library.reading.departures import departures
from tvmgitlib.library.reading.results import Problem
from tvmgitlib.model.segment import Segment
from tvmgitlib.rules.fold import Configs, fold, standing
from tvmgitlib.store import (
    OWN_FOLDERS,
    TREE_MODE,
    Entry,
    Repository,
    blob_id,
    links_under,
    printable,
    require_plain,
)

_REBUILD = "tvmgitlib rebuild makes it anew"
_REVERT_REMOVED = "tvmgitlib revert --removed takes that for a revert of the job, git revert undoes it"


def check(repository: Repository, contents: Contents) -> list[Problem]:
    """Everything that is wrong with the library, in its commit, its history and its work tree.

    The work tree is left out for a commit that is not the current one.
    """
    current = repository.head == contents.snapshot.commit
    problems = [*_settings(contents), *_not_plain(contents)]
    if not problems:
        problems += _jobs_and_configs(contents)
    problems += _history(repository, contents)
    if current and not repository.bare:
        with repository.undisturbed(), repository.snapshot(repository.head) as snapshot:  # jobs may have come meanwhile
            problems += _work_tree(repository, Contents(snapshot))
    return problems


def _settings(contents: Contents) -> Iterator[Problem]:
    try:
        _ = contents.settings
    except TvmgitlibError as error:
        yield _problem(error, SETTINGS_FILE, contents)


def _not_plain(contents: Contents) -> Iterator[Problem]:
    """What the commit has under jobs/ and configs/ that is no plain file."""
    for folder in OWN_FOLDERS:
        entry = contents.snapshot.entry(folder)
        if entry is not None and entry.mode != TREE_MODE:
            yield Problem(folder, None, "not a folder", contents.snapshot.commit)
    for path, entry in _committed(contents):
        try:
            require_plain(path, entry)
        except TvmgitlibError as error:
            yield _problem(error, path, contents)


def _committed(contents: Contents) -> Iterator[tuple[str, Entry]]:
    """Everything of the library's own in the commit, plain or not."""
    settings = contents.snapshot.entry(SETTINGS_FILE)
    if settings is not None:
        yield SETTINGS_FILE, settings
    for folder in OWN_FOLDERS:
        entry = contents.snapshot.entry(folder)
        if entry is not None and entry.mode == TREE_MODE:
            yield from contents.snapshot.entries(folder)


def _jobs_and_configs(contents: Contents) -> Iterator[Problem]:
    segments: list[Segment] = []
    sound = True
    for path, content in contents.snapshot.contents(contents.segment_files()):
        try:
            segments.append(read_segment(lines_of(content), path))
        except TvmgitlibError as error:
            sound = False
            yield _problem(error, path, contents)
    if not sound:
        return  # what the malformed segment should have given is not known
    counting = standing((segment.header, segment.invalidations) for segment in segments)
    yield from _configs(contents, fold(segments, counting, contents.settings))
    yield from _fold_file(contents, Tally.of(segments))


def _configs(contents: Contents, expected: Configs) -> Iterator[Problem]:
    """Where configs/ differs from the fold of jobs/."""
    commit = contents.snapshot.commit
    committed = dict(contents.snapshot.contents(contents.config_files()))
    for path in sorted(committed.keys() | expected.keys()):
        content = committed.get(path)
        right = ranked_lines(expected.get(path, ()))
        if content is None:
            yield Problem(path, None, f"missing, though jobs/ gives it records; {_REBUILD}", commit)
        elif content != right:
            try:
                read_configs(content, path)
            except TvmgitlibError as error:
                yield _problem(error, path, contents)
            else:
                line = first_difference(content, right)
                yield Problem(path, line, f"not what jobs/ folds to; {_REBUILD}", commit)


def _fold_file(contents: Contents, tally: Tally) -> Iterator[Problem]:
    """Whether configs/.fold says what configs/ was folded from, to the byte."""
    right = FoldStamp(contents.jobs_tree, contents.settings.fold_digest, tally).to_text().encode()
    content = contents.snapshot.read(FOLD_FILE)
    if content is None:
        yield Problem(FOLD_FILE, None, f"missing; {_REBUILD}", contents.snapshot.commit)
    elif content != right:
        line = first_difference(content, right)
        what = f"it does not belong to these jobs and settings; {_REBUILD}"
        yield Problem(FOLD_FILE, line, what, contents.snapshot.commit)


def _history(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Segments that are not, or no longer, what their job committed."""
    for departure in departures(repository, contents):
        by = f"by {departure.by.id[:12]} ({departure.by.subject})"
        if departure.removed:
            message = f"absent: removed, {by}; {_REVERT_REMOVED}"
        else:
            undo = f"undo it with git checkout {departure.added[:12]} -- {departure.path} and git commit"
            message = f"changed after it was committed, {by}; {undo}"
        yield Problem(departure.path, None, message, departure.by.id)


def _work_tree(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Where the index and the files on disk differ from the commit."""
    operation = repository.unfinished
    if operation is not None:  # whose files are staged: to unstage them is to lose the other side's jobs
        what = f"a git {operation} is under way: finish it with git {operation} --continue, or git {operation} --abort"
        yield Problem(".", None, what)
        return
    for path in repository.staged(contents.snapshot.commit, [SETTINGS_FILE, *OWN_FOLDERS]):
        what = "staged: the next git commit would change it; git restore --staged undoes it"
        yield Problem(printable(path), None, what)
    links = [path for folder in OWN_FOLDERS for path in links_under(repository.root, folder)]
    for path in links:
        yield Problem(printable(path), None, "a symbolic link in the work tree; the library never follows it")
    known = set(links)
    for path, entry in _committed(contents):
        known.add(path)
        if any(path == link or path.startswith(f"{link}/") for link in links):
            continue
        problem = _on_disk(repository.root, path, contents, entry)
        if problem is not None:
            yield problem
    for path in _files_on_disk(repository.root):
        if path not in known:
            yield Problem(printable(path), None, "in the work tree, but not committed; the library does not use it")


def _on_disk(root: Path, path: str, contents: Contents, entry: Entry) -> Problem | None:
    """What is wrong with a committed file as it is on disk; what the commit itself has is another matter."""
    try:
        require_plain(path, entry)
    except TvmgitlibError:
        return None
    file = root / path
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return Problem(path, None, "no plain file in the work tree; when it is away, git restore brings it back")
        on_disk = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Problem(path, None, "missing in the work tree; git restore brings it back")
    except OSError as error:
        return Problem(path, None, f"cannot be read in the work tree: {error.strerror}")
    if blob_id(on_disk, len(entry.oid)) == entry.oid:
        return None
    line = first_difference(on_disk, contents.snapshot.blob(path, entry.oid))
    return Problem(path, line, "the work tree differs from the commit; git diff shows how, git restore undoes it")


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
    ours, theirs = content.split(b"\n"), expected.split(b"\n")
    pairs = zip(ours, theirs, strict=False)
    return next((number for number, (a, b) in enumerate(pairs, start=1) if a != b), min(len(ours), len(theirs)) + 1)


def _problem(error: TvmgitlibError, path: str, contents: Contents) -> Problem:
    field = f"field {error.field}: " if error.field else ""
    return Problem(error.file or printable(path), error.line, f"{field}{error.message}", contents.snapshot.commit)
