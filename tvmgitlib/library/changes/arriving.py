"""What comes in from elsewhere, before it is taken: segments are as they were, and the new ones can be."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

from tvmgitlib.format import lines_of, read_segment
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import CLOCK_SKEW, Header, LibraryError, RecordError, Segment, job_at, read_utc, signature_at
from tvmgitlib.store import OWN_FOLDERS, Entry, Repository, Snapshot, differences, require_plain

_log = logging.getLogger("tvmgitlib")


def require_sound(repository: Repository, theirs: str, known: str | None) -> None:
    """Make sure that the jobs of another commit are those that are known, and that the others of it can be.

    What is read is what tells the two apart.

    Args:
        repository: where both are.
        theirs: the commit that is to come in.
        known: the commit that is known; None for none.

    Raises:
        LibraryError: the text of a known job is another one there, or something else than a plain file is.
        RecordError: a segment is malformed, or its times can be none.
    """
    require_unchanged(repository, theirs, known)
    with repository.snapshot(known) as before, repository.snapshot(theirs) as after:
        for path, _, new in differences(before, after, OWN_FOLDERS):
            entry = after.entry(path) if new is not None and job_at(path) is not None else None
            if entry is not None:
                read_arriving(after, path, entry)


def require_unchanged(repository: Repository, theirs: str, known: str | None) -> list[str]:
    """Make sure that no job has another text in another commit.

    Args:
        repository: where both are.
        theirs: the commit that is to come in.
        known: the commit that is known; None for none.

    Returns:
        The jobs that are known and not in the other commit.

    Raises:
        LibraryError: the text of a job is another one.
    """
    gone = []
    with repository.snapshot(known) as before, repository.snapshot(theirs) as after:
        for path, old, new in differences(before, after, OWN_FOLDERS):
            job = job_at(path)
            if job is None or old is None or old == new:
                continue
            if new is not None:
                raise LibraryError(
                    "the two sides hold different texts of one segment; segments never change",
                    file=path,
                    hint=f"git diff {(known or '')[:12]} {theirs[:12]} -- {path} shows how. Nothing was taken.",
                )
            gone.append(job)
    return gone


def altered_signatures(repository: Repository, theirs: str, known: str | None) -> list[str]:
    """The signatures of a commit that are gone from another one, or have another text there: their files.

    Args:
        repository: where both are.
        theirs: the commit that is to come in.
        known: the commit that is known; None for none.
    """
    with repository.snapshot(known) as before, repository.snapshot(theirs) as after:
        changed = [(path, old) for path, old, new in differences(before, after, OWN_FOLDERS) if new != old]
    return [path for path, old in changed if old is not None and signature_at(path) is not None]


def tell_unless_folded(repository: Repository, commit: str) -> None:
    """Say where configs/ of a commit that came in is not what it claims to be; what is right is remembered.

    Raises:
        TvmgitlibError: a segment is malformed.
    """
    with repository.snapshot(commit) as snapshot:
        contents = Contents(snapshot)
        if contents.is_stamped and not contents.is_fresh:
            _log.warning(
                "configs/ of %s is not what its jobs fold to, though it says so (somebody wrote it): no answer comes "
                "from it; tvmgitlib check says more, tvmgitlib rebuild mends it",
                commit[:12],
            )


def read_arriving(snapshot: Snapshot, path: str, entry: Entry, *, skip_absent: bool = True) -> Segment:
    """A segment that nobody here has seen yet, every line of which is looked at.

    Args:
        snapshot: a commit that has it.
        path, entry: where, and as what.
        skip_absent: without records of families that are not installed here.

    Raises:
        FamilyError: there are such records, and they are not to be skipped.
        LibraryError: it is no plain file.
        RecordError: it is malformed, or its times can be none.
    """
    require_plain(path, entry)
    lines = lines_of(snapshot.blob(path, entry.oid), path)
    segment = read_segment(lines, path, skip_absent=skip_absent, checks_histories=True)
    _require_possible_times(segment.header, path)
    return segment


def _require_possible_times(header: Header, path: str) -> None:
    """Refuse a job whose times can be none: one such would never be too old, and overrule all that come after it.

    Raises:
        RecordError: it ends, or begins, in the future, or ends before it begins.
    """
    latest = datetime.now(timezone.utc) + CLOCK_SKEW
    times = {name: read_utc(text) for name in ("started", "finished") if (text := getattr(header, name)) is not None}
    for name, at in times.items():
        if at > latest:
            raise RecordError(f"{getattr(header, name)} is in the future", file=path, line=1, field=f"job.{name}")
    if len(times) == 2 and times["finished"] < times["started"]:
        what = f"finished {header.finished}, before it started, {header.started}"
        raise RecordError(what, file=path, line=1, field="job.finished")
