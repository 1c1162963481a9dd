"""Putting two lines of history together in the library's terms.

Jobs are a set, and so are their signatures, of which none goes that proves something; settings merge key by key,
configs/ is folded anew; only other files need Git's three-way merge. A merge combines two tips over their merge base;
`sync` combines the remote's tip with each local commit over its parent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

from tvmgitlib.format import SETTINGS_FILE, lines_of, read_segment, read_settings
from tvmgitlib.library.folding import Change
from tvmgitlib.library.reading import Contents, Signatures, is_own, signature_files
from tvmgitlib.model import JOBS, LibraryError, Settings, job_at, segment_path, signature_at
from tvmgitlib.rules.settings_merge import merge_settings
from tvmgitlib.store import (
    FILE_MODE,
    MOST_OF_SMALL,
    Blob,
    Repository,
    Snapshot,
    differences,
    merge_files,
    require_plain,
)

#: Blobs by path.
_Files: TypeAlias = "dict[str, str]"


def combine(
    repository: Repository, base: Snapshot, ours: Contents, theirs: Contents, *, regains: bool = False
) -> Change:
    """What has to change in `ours` to hold what `theirs` changed since `base` as well.

    Args:
        repository: where all of them are.
        base: where the two parted; without a commit when they have no common ancestor.
        ours: the library that is built on.
        theirs: the library that is brought in.
        regains: whether signatures come back that `ours` has lost since `base` and that prove something; else what is
            built on was judged before.

    Raises:
        LibraryError: a segment differs between the two: somebody edited what never changes.
        SettingsError: both changed one setting, each to another value.
        GitError: both changed another file, in ways that do not go together.
    """
    sides = (base, ours.snapshot, theirs.snapshot)
    touched = _touched(*sides)
    (before, signed_before), (here, signed_here), (there, signed_there) = (_of_jobs(side, touched) for side in sides)
    for path in here.keys() & there.keys():
        if here[path] != there[path]:
            raise LibraryError("the two sides hold different texts of one segment; segments never change", file=path)
    added = sorted(path for path in there.keys() - here.keys() if path not in before)
    dropped = {path for path in here.keys() - there.keys() if path in before}
    segments = tuple(
        read_segment(lines_of(content, path), path)
        for path, content in ((path, theirs.snapshot.read(path)) for path in added)
        if content is not None
    )
    files: dict[str, bytes | Blob | None] = {path: Blob(FILE_MODE, there[path]) for path in added}
    files |= dict.fromkeys(dropped)
    come = signed_there.keys() - signed_before.keys() - signed_here.keys()
    if regains:
        come |= _proving(theirs, (signed_before.keys() & signed_there.keys()) - signed_here.keys())
    gone = (signed_before.keys() & signed_here.keys()) - signed_there.keys()
    gone -= _proving(ours, gone)
    jobs = {job_at(path) for path in (here.keys() | {*added}) - dropped}
    files |= dict.fromkeys(gone | {path for path in signed_here if _job_of(path) not in jobs})
    files |= {path: Blob(FILE_MODE, signed_there[path]) for path in sorted(come) if _job_of(path) in jobs}
    files |= merge_files(repository, base, ours.snapshot, theirs.snapshot, lambda path: not is_own(path))
    return Change(
        added=segments,
        dropped=frozenset(job for path in dropped if (job := job_at(path)) is not None),
        settings=_settings(base, ours, theirs),
        files=files,
    )


def _touched(base: Snapshot, ours: Snapshot, theirs: Snapshot) -> set[str]:
    """The jobs of which not all have the same segment and signatures: of the others there is nothing to combine.

    Raises:
        LibraryError: something in jobs/ that one of them changed is no plain file.
    """
    jobs = set()
    for side in (ours, theirs):
        for path, _, new in differences(base, side, [JOBS]):
            if not path.startswith(f"{JOBS}/"):
                continue
            entry = side.entry(path) if new is not None else None
            if entry is not None:
                require_plain(path, entry)
            jobs.add(job_at(path) or _job_of(path))
    return jobs - {""}


def _of_jobs(snapshot: Snapshot, jobs: Iterable[str]) -> tuple[_Files, _Files]:
    """The segments of some jobs in a commit, and their signatures."""
    segments: _Files = {}
    signatures: _Files = {}
    for job in jobs:
        path = segment_path(job)
        if (entry := snapshot.entry(path)) is not None:
            segments[path] = entry.oid
        signatures |= {beside: entry.oid for beside, entry in signature_files(snapshot, job)}
    return segments, signatures


def _job_of(signature: str) -> str:
    job, _ = signature_at(signature) or ("", "")
    return job


def _proving(contents: Contents, paths: Iterable[str]) -> set[str]:
    """Which signatures of a commit prove something; where that cannot be told, they are taken to."""
    with Signatures(contents) as signatures:
        return {path for path in paths if signatures.may_prove(path)}


def _settings(base: Snapshot, ours: Contents, theirs: Contents) -> Settings:
    content = base.read(SETTINGS_FILE, MOST_OF_SMALL)
    was = read_settings(content).to_json() if content is not None else {}
    merged = merge_settings(was, ours.settings.to_json(), theirs.settings.to_json(), SETTINGS_FILE)
    return read_settings(json.dumps(merged).encode())
