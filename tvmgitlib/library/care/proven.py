"""What `check` has proven, and whether all is well with what came since: the quick way to the same answer.

What is remembered are commits, which stand for their trees and their history: the last few, since whoever goes from
branch to branch comes back. They are in the user's own cache, beside what was proven of configs/; of another version of
the rules they prove nothing, nor where they are damaged.
"""

from __future__ import annotations

from hashlib import sha256

from tvmgitlib import families
from tvmgitlib._version import __version__
from tvmgitlib.format import (
    SETTINGS_FILE,
    configs_file,
    lines_of,
    read_segment,
)
from tvmgitlib.library.care.work_tree import OWN_FILES, is_untouched, namesakes
from tvmgitlib.library.changes import fold_change
from tvmgitlib.library.folding import Change, Memory, are_files, expected_files
from tvmgitlib.library.reading import Contents, is_own, platform_folders
from tvmgitlib.model import JOBS, Segment, TvmgitlibError, job_at, signature_at
from tvmgitlib.store import (
    FILE_MODE,
    NO_MODE,
    Delta,
    Repository,
    commits_touching,
    history_cuts,
    is_ancestor,
)

#: The file of what was proven, in the user's cache.
_FILE = "checks"

#: How many of the commits that were proven last are tried.
_TRIED = 8


def remember(repository: Repository, contents: Contents) -> None:
    """Note that nothing is wrong with a library as it is; where that cannot be noted, it is proven again."""
    commit = contents.snapshot.commit
    if commit is None or history_cuts(repository, commit):
        return
    if not all(families.is_shipped(configs_file(path).family) for path, _ in contents.config_files()):
        return  # what another package finds right may change with that package
    if commit not in _noted(repository):
        Memory(repository.state, _FILE).add(_claim(), commit)


def is_proven(repository: Repository, contents: Contents) -> bool:
    """Whether nothing is wrong with a library, going by what was proven of an earlier commit of its history.

    False says nothing: only proving all of it does.
    """
    commit = contents.snapshot.commit
    known = _proven_before(repository, commit) if commit is not None else None
    if known is None or commit is None or history_cuts(repository, commit) or any(namesakes(contents)):
        return False
    since = repository.changes(known, commit, OWN_FILES)
    try:
        with repository.snapshot(known) as snapshot:
            before = Contents(snapshot)
            if since and not (_follows(before, contents, since) and _only_adds(repository, before, contents)):
                return False
        return repository.bare or is_untouched(repository, contents, {delta.path for delta in since})
    except TvmgitlibError:
        return False


def _proven_before(repository: Repository, commit: str) -> str | None:
    """The commit that was proven last of those in the history of another one; that itself where it is one of them."""
    noted = _noted(repository)
    if commit in noted:
        return commit
    here = (known for name in noted if (known := repository.resolve(name)) is not None)
    return next((known for known in here if is_ancestor(repository, known, commit)), None)


def _noted(repository: Repository) -> list[str]:
    """The names of the commits that were proven last, the newest first: one may be of nothing that is here."""
    noted = Memory(repository.state, _FILE).noted_with(_claim())
    return list(dict.fromkeys(noted))[:_TRIED]


def _claim() -> str:
    """What is said of a commit, as a digest: by the rules of this version, all is well with it."""
    return sha256(f"check {__version__}".encode()).hexdigest()


def _follows(before: Contents, after: Contents, since: list[Delta]) -> bool:
    """Whether a commit is what comes of a sound one and the jobs that were added.

    Raises:
        TvmgitlibError: something of it is malformed.
    """
    if before.settings.fold_digest != after.settings.fold_digest:
        return False
    added: list[Segment] = []
    changed: set[str] = set()
    for delta in since:
        if not is_own(delta.path) or delta.new_mode not in (FILE_MODE, NO_MODE):
            return False
        if job_at(delta.path) is not None:
            if delta.old is not None or delta.new is None:
                return False
            content = after.snapshot.blob(delta.path, delta.new)
            added.append(read_segment(lines_of(content, delta.path), delta.path, checks_histories=True))
        elif signature_at(delta.path) is None and delta.path != SETTINGS_FILE:
            changed.add(delta.path)
    change = Change(added=tuple(added))
    folded = fold_change(before, change)
    if folded.whole:
        return False
    expected = expected_files(before, change, folded.after, after.jobs_tree)
    return changed <= expected.keys() and are_files(after, expected) and not _have_other_case(after)


def _have_other_case(contents: Contents) -> bool:
    """Whether names of platforms differ only in case."""
    names = {name for _, name in platform_folders(contents.snapshot)}
    return len({name.casefold() for name in names}) < len(names)


def _only_adds(repository: Repository, before: Contents, after: Contents) -> bool:
    """Whether no commit since a sound one changed or removed a segment."""
    first: dict[str, str] = {}
    known = [before.snapshot.commit] if before.snapshot.commit else []
    commit = after.snapshot.commit
    for touching in commits_touching(repository, commit, JOBS, each_parent=True, since=known, oldest_first=True):
        for delta in touching.deltas:
            entry = before.snapshot.entry(delta.path)
            original = entry.oid if entry is not None else first.setdefault(delta.path, delta.new or "")
            if delta.new != original:
                return False
    return True
