"""The proof that configs/ is what jobs/ fold to: by what tells it apart from one that was proven, else by all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from tvmgitlib import families
from tvmgitlib.format import FOLD_FILE, FoldStamp, Tally, configs_file, lines_of, ranked_lines, read_segment
from tvmgitlib.library.folding.change import Change, fold_change
from tvmgitlib.library.folding.claims import is_known, is_on_word, remember_fold
from tvmgitlib.library.folding.memory import Memory
from tvmgitlib.model import ConfigsFile, Segment, TvmgitlibError, job_at, tell_progress
from tvmgitlib.store import OWN_FOLDERS, Entry, Snapshot, blob_id, differences

if TYPE_CHECKING:
    from tvmgitlib.library.folding.library import Jobs, Stamped
    from tvmgitlib.rules.fold import Configs

#: Of so many jobs that tell two commits apart, and more, it is quicker to fold all.
_MOST_STEPS = 512


def is_fold(library: Stamped, at: Callable[[Snapshot], Stamped]) -> bool:
    """Whether configs/ is what its jobs fold to; what is proven is remembered, and what is on a remote's word is not.

    Args:
        library: the library in a commit, which is not `is_known`; its stamp says so.
        at: reads another commit of it.
    """
    if is_on_word(library):
        return True
    if not (_follows_a_proven_one(library, at) or _is_as_a_whole(library)):
        return False
    remember_fold(library)
    return True


def is_fold_after(before: Stamped, after: Stamped) -> bool:
    """Whether configs/ is what its jobs fold to, where that of an earlier commit is known to be; nothing is remembered.

    Args:
        before: the library in the earlier commit.
        after: the library in the commit; its stamp says so.

    Raises:
        TvmgitlibError: a segment is malformed.
    """
    with suppress(TvmgitlibError):
        is_alike = before.is_stamped and before.settings.fold_digest == after.settings.fold_digest
        if is_alike and _follows(before, after):
            return True
    return _is_as_a_whole(after)


def _follows_a_proven_one(library: Stamped, at: Callable[[Snapshot], Stamped]) -> bool:
    """Whether configs/ is what comes of an earlier one that was proven. False says nothing."""
    for commit in Memory(library.snapshot.state).newest():
        try:
            with library.snapshot.at(commit) as snapshot:
                before = at(snapshot)
                if is_known(before) and before.settings.fold_digest == library.settings.fold_digest:
                    return _follows(before, library)
        except TvmgitlibError:  # it is not here any more, say
            continue
    return False


def _follows(before: Stamped, after: Stamped) -> bool:
    """Whether a commit is what comes of one that is right and of the jobs that tell them apart.

    Raises:
        TvmgitlibError: something of it is malformed.
    """
    come: dict[str, str] = {}
    gone: set[str] = set()
    changed: set[str] = set()
    for path, old, new in differences(before.snapshot, after.snapshot, OWN_FOLDERS):
        job = job_at(path)
        if job is not None:
            if old is not None:
                gone.add(job)
            if new is not None:
                come[path] = new
            if len(come) + len(gone) > _MOST_STEPS:
                return False
        elif ConfigsFile.at(path) is not None:
            changed.add(path)
    contents = after.snapshot.contents((path, Entry("", "", oid)) for path, oid in sorted(come.items()))
    added = tuple(read_segment(lines_of(content, path), path) for path, content in contents)
    change = Change(added=added, dropped=frozenset(gone))
    expected = expected_files(before, change, fold_change(before, change, after.settings).after, after.jobs_tree)
    return changed <= expected.keys() and are_files(after, expected)


def expected_files(before: Stamped, change: Change, folded: Configs, jobs_tree: str | None) -> dict[str, bytes | None]:
    """The files of configs/ that a change makes of a library that was right; None for one that goes.

    Args:
        before: the library before.
        change: jobs that came or went.
        folded: the records of the files that the change bears on.
        jobs_tree: the id of the jobs/ tree after it.
    """
    files: dict[str, bytes | None] = {path: ranked_lines(records) or None for path, records in folded.items()}
    stamp = before.fold_stamp
    assert stamp is not None  # it was proven
    tally = stamp.tally + Tally.of(change.added) - Tally.of(_outlines(before, change.dropped))
    files[FOLD_FILE] = FoldStamp(jobs_tree, stamp.settings, tally).to_bytes()
    return files


def _outlines(library: Jobs, jobs: Iterable[str]) -> Iterator[Segment]:
    for job in jobs:
        segment = library.outlines.get(job)
        if segment is not None:
            yield segment


def are_files(library: Stamped, expected: Mapping[str, bytes | None]) -> bool:
    """Whether files of a commit are these."""
    for path, content in expected.items():
        entry = library.snapshot.entry(path)
        if content is None or entry is None:
            if content is not None or entry is not None:
                return False
        elif blob_id(content, len(entry.oid)) != entry.oid:
            return False
    return True


def _is_as_a_whole(library: Stamped) -> bool:
    """Whether configs/ is as a fold of everything, as far as families are installed here."""
    tell_progress("proving", "proving that configs/ is what its jobs fold to: once for what comes from elsewhere")
    whole = library.whole()
    committed = {path for path, _ in library.config_files() if families.find(configs_file(path).family) is not None}
    expected: dict[str, bytes | None] = {path: ranked_lines(records) or None for path, records in whole.configs.items()}
    stamp = FoldStamp(library.jobs_tree, library.settings.fold_digest, whole.tally)
    expected[FOLD_FILE] = stamp.to_bytes()
    return committed <= expected.keys() and are_files(library, expected)
