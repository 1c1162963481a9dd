"""Proving a library: configs/ is what jobs/ folds to, every line is valid, no segment changed, the work tree agrees."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from tvmgitlib.format import (
    FOLD_FILE,
    SETTINGS_FILE,
    FoldStamp,
    Tally,
    lines_of,
    ranked_lines,
    read_configs,
    read_segment,
    read_settings,
)
from tvmgitlib.library.care.problems import Problem
from tvmgitlib.library.care.proven import is_proven, remember
from tvmgitlib.library.care.work_tree import first_difference, namesakes, work_tree
from tvmgitlib.library.folding import remember_fold
from tvmgitlib.library.reading import Contents, Signatures, departures, is_own, platform_folders
from tvmgitlib.model import JOBS, Header, Invalidation, LibraryError, Segment, TvmgitlibError, counted, plain_line
from tvmgitlib.rules.fold import Configs, Standing, fold, standing
from tvmgitlib.store import (
    MOST_OF_SMALL,
    OWN_FOLDERS,
    TREE_MODE,
    Repository,
    history_cuts,
    require_plain,
)

_log = logging.getLogger("tvmgitlib")

_REBUILD = "tvmgitlib rebuild makes it anew"
_REVERT_REMOVED = "tvmgitlib revert --removed takes that for a revert of the job, git revert undoes it"


def check(
    repository: Repository,
    contents: Contents,
    *,
    allow_shallow: bool = False,
    full: bool = False,
    signatures: bool = False,
) -> list[Problem]:
    """Everything that is wrong with the library, in its commit, its history and its work tree.

    The work tree is left out for a commit that is not the current one; of a folder of a larger repository the history
    is, too. What was found sound before is not proven again: where all is well with what came since, that is all that
    is read; where it is not, everything is.

    Args:
        repository: the library's repository.
        contents: the library in the commit.
        allow_shallow: whether it is no problem that a shallow clone does not have the whole history.
        full: prove all of it, whatever was proven before.
        signatures: whether to prove the signatures of jobs too, each once in a clone that has a reading index.

    Raises:
        GitError: OpenSSH is not installed, and signatures are to be proven.
    """
    unproven = list(_signatures(contents)) if signatures else []
    return [*_library(repository, contents, allow_shallow, full), *unproven]


def _signatures(contents: Contents) -> Iterator[Problem]:
    """Signatures that are none."""
    with Signatures(contents) as signatures:
        for path, message in signatures.faults():
            yield Problem(path, None, message, contents.snapshot.commit)


def _library(repository: Repository, contents: Contents, allow_shallow: bool, full: bool) -> list[Problem]:
    """`check`, but for signatures."""
    if repository.folder:
        _log.warning("of a folder of a larger repository only what is committed is proven: not its history, nor files")
        return _committed(contents)
    current = repository.head == contents.snapshot.commit
    if not full and current and is_proven(repository, contents):
        remember(repository, contents)
        return []
    problems = _committed(contents)
    if not allow_shallow:
        problems += _cut_off(repository, contents)
    problems += _history(repository, contents)
    if current and not repository.bare:
        with repository.undisturbed(), repository.snapshot(repository.head) as snapshot:  # jobs may have come meanwhile
            problems += work_tree(repository, Contents(snapshot))
    if not problems:
        remember_fold(contents)
        if current:
            remember(repository, contents)
    return problems


def _committed(contents: Contents) -> list[Problem]:
    """What is wrong with the commit alone."""
    problems = [*_settings(contents), *_not_plain(contents)]
    if not problems:
        problems += [*_jobs_and_configs(contents), *_platform_names(contents)]
    return [*problems, *_namesakes(contents), *_foreign(contents)]


def _settings(contents: Contents) -> Iterator[Problem]:
    try:
        _ = contents.settings
        read_settings(contents.snapshot.read(SETTINGS_FILE) or b"")  # also where somebody remembers that it is right
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


def _namesakes(contents: Contents) -> Iterator[Problem]:
    """What such file systems would put in the place of the library's files: whatever reads a checkout takes it."""
    for name, own in namesakes(contents):
        message = f"many file systems cannot tell it from {own}, and would check out either; move it away with git mv"
        yield Problem(plain_line(name), None, message, contents.snapshot.commit)


class _Segments:
    """The segments of a commit, read one after the other, with what is said of them on the way.

    Attributes:
        problems: those that are malformed.
        tally: what is counted of the others.
        deciding: what those say that say anything of others.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self.problems: list[Problem] = []
        self.tally = Tally()
        self.deciding: list[tuple[Header, tuple[Invalidation, ...]]] = []

    def __iter__(self) -> Iterator[Segment]:
        try:
            files = list(self._contents.segment_files())
            for path, content in counted("checking jobs", self._contents.snapshot.contents(files), len(files)):
                try:
                    segment = read_segment(lines_of(content, path), path, checks_histories=True)
                except TvmgitlibError as error:
                    self.problems.append(_problem(error, path, self._contents))
                    continue
                self.tally += Tally.of([segment])
                if segment.header.reverts or segment.invalidations or segment.header.kind == "revalidate":
                    self.deciding.append((segment.header, segment.invalidations))
                yield segment
        except LibraryError as error:  # what cannot be read at all
            self.problems.append(_problem(error, JOBS, self._contents))


def _jobs_and_configs(contents: Contents) -> Iterator[Problem]:
    supposed: Standing | None = _supposed(contents)
    while supposed is not None:
        segments = _Segments(contents)
        expected = fold(segments, supposed, contents.settings)
        if segments.problems:  # what the malformed segment should have given is not known
            yield from segments.problems
            return
        found = standing(segments.deciding)
        supposed = None if found == supposed else found  # the index knew less than is there
    yield from _configs(contents, expected)
    yield from _fold_file(contents, segments.tally)


def _supposed(contents: Contents) -> Standing:
    """Which jobs count, as far as it is known without reading all of them."""
    try:
        return contents.standing
    except TvmgitlibError:  # a malformed segment: whoever reads all of them says so
        return standing([])


def _configs(contents: Contents, expected: Configs) -> Iterator[Problem]:
    """Where configs/ differs from the fold of jobs/."""
    commit = contents.snapshot.commit
    committed = dict(contents.config_files())
    for path in sorted(committed.keys() | expected.keys()):
        entry = committed.get(path)
        content = contents.snapshot.blob(path, entry.oid) if entry is not None else None
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
