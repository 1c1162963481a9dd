"""Proving a library: configs/ is what jobs/ folds to, every line is valid, no segment changed, the work tree agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tvmgitlib.errors import LibraryError, TvmgitlibError, plain_line
from tvmgitlib.format import (
    FOLD_FILE,
    SETTINGS_FILE,
    FoldStamp,
    Tally,
    lines_of,
    ranked_lines,
    read_configs,
    read_segment,
)
from tvmgitlib.library.care.work_tree import first_difference, work_tree
from tvmgitlib.library.reading import Contents, Problem, departures, is_own, platform_folders
from tvmgitlib.model import JOBS, Segment, counted
from tvmgitlib.rules.fold import Configs, fold, standing
from tvmgitlib.store import (
    MOST_OF_SMALL,
    OWN_FOLDERS,
    TREE_MODE,
    Repository,
    history_cuts,
    require_plain,
)

_REBUILD = "tvmgitlib rebuild makes it anew"
_REVERT_REMOVED = "tvmgitlib revert --removed takes that for a revert of the job, git revert undoes it"


def check(repository: Repository, contents: Contents, *, allow_shallow: bool = False) -> list[Problem]:
    """Everything that is wrong with the library, in its commit, its history and its work tree.

    The work tree is left out for a commit that is not the current one.

    Args:
        repository: the library's repository.
        contents: the library in the commit.
        allow_shallow: whether it is no problem that a shallow clone does not have the whole history.
    """
    current = repository.head == contents.snapshot.commit
    problems = [*_settings(contents), *_not_plain(contents)]
    if not problems:
        problems += [*_jobs_and_configs(contents), *_platform_names(contents)]
    problems += _foreign(contents)
    if not allow_shallow:
        problems += _cut_off(repository, contents)
    problems += _history(repository, contents)
    if current and not repository.bare:
        with repository.undisturbed(), repository.snapshot(repository.head) as snapshot:  # jobs may have come meanwhile
            problems += work_tree(repository, Contents(snapshot))
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
    for path, entry in contents.committed():
        try:
            require_plain(path, entry)
        except TvmgitlibError as error:
            yield _problem(error, path, contents)


def _foreign(contents: Contents) -> Iterator[Problem]:
    """What others keep in the library's folders. Nothing of ours reads it, and nothing of ours removes it."""
    for path, _ in contents.committed():
        if not is_own(path):
            folder = path.partition("/")[0]
            message = f"not the library's own: no file of {folder}/ has such a name; move it out of there with git mv"
            yield Problem(plain_line(path), None, message, contents.snapshot.commit)


def _platform_names(contents: Contents) -> Iterator[Problem]:
    """Platforms whose folders many file systems cannot hold side by side: two branches made one each."""
    first: dict[str, str] = {}
    for path, name in platform_folders(contents.snapshot):
        other = first.setdefault(name.casefold(), name)
        if other != name:
            message = (
                f"the platform {name} differs only in case from {other}, which many file systems cannot tell apart; "
                f"revert the jobs of one, and import their logs again with --platform {other}"
            )
            yield Problem(plain_line(path), None, message, contents.snapshot.commit)


def _jobs_and_configs(contents: Contents) -> Iterator[Problem]:
    segments: list[Segment] = []
    sound = True
    files = list(contents.segment_files())
    try:
        for path, content in counted("checking jobs", contents.snapshot.contents(files), len(files)):
            try:
                segments.append(_without_histories(read_segment(lines_of(content, path), path, with_histories=True)))
            except TvmgitlibError as error:
                sound = False
                yield _problem(error, path, contents)
    except LibraryError as error:  # what cannot be read at all
        sound = False
        yield _problem(error, JOBS, contents)
    if not sound:
        return  # what the malformed segment should have given is not known
    counting = standing((segment.header, segment.invalidations) for segment in segments)
    yield from _configs(contents, fold(segments, counting, contents.settings))
    yield from _fold_file(contents, Tally.of(segments))


def _without_histories(segment: Segment) -> Segment:
    """A segment whose histories have been seen to be sound, and are not needed any more."""
    return replace(segment, tasks=tuple(replace(entry, history=()) for entry in segment.tasks))


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
    right = FoldStamp(contents.jobs_tree, contents.settings.fold_digest, tally).to_bytes()
    try:
        content = contents.snapshot.read(FOLD_FILE, MOST_OF_SMALL)
    except LibraryError as error:  # it is too large
        yield _problem(error, FOLD_FILE, contents)
        return
    if content is None:
        yield Problem(FOLD_FILE, None, f"missing; {_REBUILD}", contents.snapshot.commit)
    elif content != right:
        line = first_difference(content, right)
        what = f"it does not belong to these jobs and settings; {_REBUILD}"
        yield Problem(FOLD_FILE, line, what, contents.snapshot.commit)


def _cut_off(repository: Repository, contents: Contents) -> Iterator[Problem]:
    """Where the history ends in this clone, though not in the library."""
    for cut in history_cuts(repository, contents.snapshot.commit):
        message = (
            f"history is cut off at {cut[:12]} (a shallow clone), so a segment that changed before cannot be seen; "
            "git fetch --unshallow brings the rest of it, --allow-shallow does without"
        )
        yield Problem(".", None, message, cut)


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


def _problem(error: TvmgitlibError, path: str, contents: Contents) -> Problem:
    field = f"field {error.field}: " if error.field else ""
    return Problem(error.file or plain_line(path), error.line, f"{field}{error.message}", contents.snapshot.commit)
