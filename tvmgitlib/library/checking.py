"""Proving a library: configs/ is what jobs/ folds to, every line is valid, no segment changed, the work tree agrees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tvmgitlib.errors import TvmgitlibError
from tvmgitlib.families.text import lines_of
from tvmgitlib.library.contents import FOLD_FILE, SETTINGS_FILE, Contents, read_configs
from tvmgitlib.library.results import Problem
from tvmgitlib.rules.fold import Configs, fold, standing
from tvmgitlib.rules.segment import Segment, ranked_lines, read_segment
from tvmgitlib.store.history import commits_touching
from tvmgitlib.store.objects import FILE_MODE, TREE_MODE
from tvmgitlib.store.repository import OWN_FOLDERS, Repository
from tvmgitlib.store.worktree import links_under

_REBUILD = "tvmgitlib rebuild makes it anew"


def check(repository: Repository, contents: Contents) -> list[Problem]:
    """Everything that is wrong with the library, in its commit, its history and its work tree."""
    problems = [*_settings(contents), *_links(contents)]
    if not problems:
        problems += _jobs_and_configs(contents)
    problems += _history(repository, contents)
    if not repository.bare:
        problems += _work_tree(repository, contents)
    return problems


def _settings(contents: Contents) -> Iterator[Problem]:
    try:
        _ = contents.settings
    except TvmgitlibError as error:
        yield _problem(error, SETTINGS_FILE, contents)


def _links(contents: Contents) -> Iterator[Problem]:
    """What the commit has under jobs/ and configs/ that is no plain file."""
    for folder in OWN_FOLDERS:
        entry = contents.snapshot.entry(folder)
        if entry is not None and entry.mode != TREE_MODE:
            yield Problem(folder, None, "not a folder", contents.snapshot.commit)
            continue
        try:
            for _ in contents.snapshot.files(folder):
                pass
        except TvmgitlibError as error:
            yield _problem(error, folder, contents)


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
    settings = contents.settings
    counting = standing((segment.header, segment.invalidations) for segment in segments)
    yield from _configs(contents, fold(segments, counting, settings))
    if not contents.is_fresh:
        yield Problem(FOLD_FILE, None, f"it does not belong to these jobs and settings; {_REBUILD}")


def _configs(contents: Contents, expected: Configs) -> Iterator[Problem]:
    """Where configs/ differs from the fold of jobs/."""
    commit = contents.snapshot.commit
    files = [(path, entry) for path, entry in contents.snapshot.files("configs") if path != FOLD_FILE]
    committed = dict(contents.snapshot.contents(files))
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


def _history(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Segments that changed or went away after the commit that added them."""
    present = {path for path, _ in contents.segment_files()} if not list(_links(contents)) else set()
    for commit in commits_touching(repository, contents.snapshot.commit, "jobs", each_parent=True):
        for path in commit.changed:
            yield Problem(path, None, f"changed after it was committed, by {commit.id[:12]}", commit.id)
        for path in commit.removed:
            if path not in present:
                yield Problem(path, None, f"absent: removed by {commit.id[:12]} ({commit.subject})", commit.id)


def _work_tree(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Where the files on disk differ from the commit."""
    links = [path for folder in OWN_FOLDERS for path in links_under(repository.root, folder)]
    for path in links:
        yield Problem(path, None, "a symbolic link in the work tree; the library never follows it")
    tracked = _tracked(contents)
    for path, content in contents.snapshot.contents(tracked):
        if any(path == link or path.startswith(f"{link}/") for link in links):
            continue
        try:
            on_disk = (repository.root / path).read_bytes()
        except FileNotFoundError:
            yield Problem(path, None, "missing in the work tree; git restore brings it back")
            continue
        except OSError as error:
            yield Problem(path, None, f"cannot be read in the work tree: {error.strerror}")
            continue
        if on_disk != content:
            line = first_difference(on_disk, content)
            yield Problem(
                path, line, "the work tree differs from the commit; git diff shows how, git restore undoes it"
            )
    known = {path for path, _ in tracked}
    for path in _files_on_disk(repository.root):
        if path not in known:
            yield Problem(path, None, "in the work tree, but not committed; the library does not use it")


def _tracked(contents: Contents):  # type: ignore[no-untyped-def]
    files = []
    entry = contents.snapshot.entry(SETTINGS_FILE)
    if entry is not None and entry.mode == FILE_MODE:
        files.append((SETTINGS_FILE, entry))
    for folder in OWN_FOLDERS:
        try:
            files += contents.snapshot.files(folder)
        except TvmgitlibError:
            continue  # named already
    return files


def _files_on_disk(root: Path) -> Iterator[str]:
    for folder in OWN_FOLDERS:
        if (root / folder).is_symlink():
            continue
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def first_difference(content: bytes, expected: bytes) -> int:
    """The first line, from 1, in which two texts differ."""
    ours, theirs = content.split(b"\n"), expected.split(b"\n")
    pairs = zip(ours, theirs, strict=False)
    return next((number for number, (a, b) in enumerate(pairs, start=1) if a != b), min(len(ours), len(theirs)) + 1)


def _problem(error: TvmgitlibError, path: str, contents: Contents) -> Problem:
    field = f"field {error.field}: " if error.field else ""
    return Problem(error.file or path, error.line, f"{field}{error.message}", contents.snapshot.commit)
