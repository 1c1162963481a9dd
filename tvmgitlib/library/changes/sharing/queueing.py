"""Jobs that come by the queue of a remote: put into it here, and folded into the branch wherever that is done.

A job is queued as a commit that adds its segment, with its signatures, and nothing else, so that whoever folds the
queue can judge it by itself. Folding makes one commit a job, with its author and message, and one fold for all of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from msgspec import Struct, field

from tvmgitlib.library.changes.arriving import read_arriving
from tvmgitlib.library.changes.change import draft_change, fold_change, note_fold
from tvmgitlib.library.folding import Change
from tvmgitlib.library.reading import Contents, is_derived, signature_files
from tvmgitlib.model import LibraryError, Segment, TvmgitlibError, is_job_id, job_at, segment_path, signature_at
from tvmgitlib.store import (
    FILE_MODE,
    MOST_OF_SIGNATURE,
    OWN_FOLDERS,
    Blob,
    Draft,
    Queue,
    Repository,
    Snapshot,
    Writer,
    differences,
    divergence,
)

#: How many queued jobs one fold takes: a command line has an end, and so has patience.
AT_ONCE = 400

#: How many signatures a queued job may bring.
_MOST_SIGNATURES = 8


class Arrival(Struct, frozen=True):
    """A queued job that can be taken.

    Attributes:
        commit: the commit that brings it.
        blob: its segment, as it is in that commit.
        segment: what it says.
        signatures: those of the segment, by path.
    """

    commit: str
    blob: Blob
    segment: Segment
    signatures: Mapping[str, Blob] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes | Blob | None]:
        """What it brings, by path."""
        return {self.segment.path: self.blob, **self.signatures}


class Taken(Struct, frozen=True):
    """What became of a queue.

    Attributes:
        tip: the tip with the queued jobs on it.
        folded: the jobs that came in, and the commits that brought them.
        known: those that the branch had already.
        refused: those that cannot be taken, each with why: they stay in the queue.
    """

    tip: str
    folded: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def leaving(self) -> dict[str, str]:
        """What leaves the queue when `tip` is on the branch."""
        return {**self.known, **self.folded}


def to_queue(
    repository: Repository, writer: Writer, queue: Queue, local: str, there: str | None, queued: Container[str]
) -> dict[str, str]:
    """The commits to push for the local jobs that are neither on the remote's branch nor in its queue.

    Where the refs are branches, each commit stands on the remote's branch, so that a host finds its CI recipe in it;
    else it stands alone.

    Args:
        repository: where everything is.
        writer: writes the commits.
        queue: the remote's queue.
        local: the tip here.
        there: the tip of the remote's branch, as last seen.
        queued: the jobs that are in the queue, as last seen.
    """
    base = there if queue.is_of_branches else None
    commits: dict[str, str] = {}
    for commit in divergence(repository, local, there).ahead if there else ():
        original = repository.commit_at(commit)
        parent = original.parents[0] if original.parents else None
        with (
            repository.snapshot(parent) as before,
            repository.snapshot(commit) as after,
            repository.snapshot(base) as under,
        ):
            for path, old, new in differences(before, after, OWN_FOLDERS):
                job = job_at(path)
                if job is not None and old is None and new is not None and job not in queued:
                    signatures = {path: Blob(FILE_MODE, entry.oid) for path, entry in signature_files(after, job)}
                    files = {path: Blob(FILE_MODE, new), **signatures}
                    draft = Draft(original.message, files, author=original.author)
                    commits[job] = writer.write(under, draft)
    return commits


def waiting(repository: Repository, queued: Iterable[str], local: str, there: str | None) -> tuple[str, ...]:
    """Those of the queued jobs that are here, and that the remote's branch has not, as last seen; in order."""
    with repository.snapshot(local) as here, repository.snapshot(there) as at_remote:
        paths = {job: segment_path(job) for job in sorted(queued) if is_job_id(job)}
        return tuple(job for job, path in paths.items() if here.entry(path) and not at_remote.entry(path))


def only_jobs(repository: Repository, local: str, there: str) -> bool:
    """Whether local commits add jobs and do nothing else: a setting, say, has no place in a queue."""
    for commit in divergence(repository, local, there).ahead:
        parents = repository.commit_at(commit).parents
        with repository.snapshot(parents[0] if parents else None) as before, repository.snapshot(commit) as after:
            for path, old, new in differences(before, after, OWN_FOLDERS):
                is_of_job = job_at(path) is not None or signature_at(path) is not None
                adds_job = is_of_job and old is None and new is not None
                if not adds_job and not is_derived(path):
                    return False
    return True


def take_in(repository: Repository, writer: Writer, tip: str, queued: Mapping[str, str]) -> Taken:
    """Put queued jobs on top of a tip: a commit each, and one fold in the last of them.

    Args:
        repository: where everything is.
        writer: writes the commits.
        tip: the tip.
        queued: the commits that are queued, by job.
    """
    refused: dict[str, str] = {}
    known: dict[str, str] = {}
    arrivals: list[Arrival] = []
    with repository.snapshot(tip) as snapshot:
        contents = Contents(snapshot)
        for job, commit in sorted(queued.items())[:AT_ONCE]:
            try:
                arrival = read_queued(repository, job, commit)
                if is_known(snapshot, arrival):
                    known[job] = commit
                else:
                    arrivals.append(arrival)
            except TvmgitlibError as error:
                refused[job] = str(error)
        arrivals = _that_fold(contents, arrivals, refused)
        folded = {arrival.segment.header.id: arrival.commit for arrival in arrivals}
        return Taken(_write(repository, writer, contents, arrivals), folded, known, refused)


def read_queued(repository: Repository, job: str, commit: str) -> Arrival:
    """What a queued commit brings, if it is the segment of its job and nothing else.

    Raises:
        TvmgitlibError: it is something else, or the segment is malformed.
    """
    if not is_job_id(job):
        raise LibraryError("no job has such an id")
    original = repository.commit_at(commit)
    if len(original.parents) > 1:
        raise LibraryError("a merge, where one job was to come")
    path = segment_path(job)
    with repository.snapshot(next(iter(original.parents), None)) as before, repository.snapshot(commit) as after:
        for touched, old, _ in differences(before, after, OWN_FOLDERS):
            of = signature_at(touched)
            if (touched != path and (of is None or of[0] != job)) or old is not None:
                raise LibraryError(f"it changes more than to add {path}")
        entry = after.entry(path)
        if entry is None:
            raise LibraryError(f"it does not add {path}")
        segment = read_arriving(after, path, entry, skip_absent=False)
        signatures = {path: Blob(FILE_MODE, entry.oid) for path, entry in signature_files(after, job)}
        if len(signatures) > _MOST_SIGNATURES:
            raise LibraryError(f"it has {len(signatures):,} signatures, and {_MOST_SIGNATURES} are taken")
        for path, signature in signatures.items():
            after.blob(path, signature.oid, MOST_OF_SIGNATURE)
    return Arrival(commit, Blob(FILE_MODE, entry.oid), segment, signatures)


def is_known(snapshot: Snapshot, arrival: Arrival) -> bool:
    """Whether the job is there already.

    Raises:
        LibraryError: it is, with another text.
    """
    path = arrival.segment.path
    there = snapshot.entry(path)
    if there is not None and there.oid != arrival.blob.oid:
        raise LibraryError("the branch has another text of this job; segments never change", file=path)
    return there is not None


def _change(arrivals: list[Arrival]) -> Change:
    files = {path: blob for arrival in arrivals for path, blob in arrival.files.items()}
    return Change(added=tuple(arrival.segment for arrival in arrivals), files=files)


def _that_fold(contents: Contents, arrivals: list[Arrival], refused: dict[str, str]) -> list[Arrival]:
    """Those of which configs/ can be folded; why the others cannot is added to `refused`."""
    try:
        fold_change(contents, _change(arrivals))
    except TvmgitlibError:
        sound = []
        for arrival in arrivals:
            try:
                fold_change(contents, _change([arrival]))
            except TvmgitlibError as error:
                refused[arrival.segment.header.id] = str(error)
            else:
                sound.append(arrival)
        return sound
    return arrivals


def _write(repository: Repository, writer: Writer, contents: Contents, arrivals: list[Arrival]) -> str:
    tip = contents.snapshot.commit
    assert tip is not None  # a library has a commit
    if not arrivals:
        return tip
    change = _change(arrivals)
    whole = draft_change(contents, change, fold_change(contents, change), "")
    for number, arrival in enumerate(arrivals, 1):
        original = repository.commit_at(arrival.commit)
        files = whole.files if number == len(arrivals) else arrival.files
        derive = whole.derive if number == len(arrivals) else None
        message = original.message.rstrip("\n") + "\n"
        draft = Draft(message, files, whole.derive_from, derive, author=original.author)
        with repository.snapshot(tip) as onto:
            tip = writer.write(onto, draft)
    note_fold(repository, tip)
    return tip
