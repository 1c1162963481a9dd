"""Making, renewing, and giving up the claim of a job that is open in this clone."""

from __future__ import annotations

import logging
import random
import time
from typing import Final

from filelock import FileLock
from msgspec.structs import replace

from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.library.jobs.sharing.claims import Claims, claim_name
from tvmgitlib.library.jobs.sharing.held import Held, forget_held
from tvmgitlib.library.jobs.sharing.shared_job import State, files_of
from tvmgitlib.model import GitError, JobError, TakenError, TvmgitlibError
from tvmgitlib.store import Draft, Outcome, Repository, push_claim

_log = logging.getLogger("tvmgitlib")

_LOCK: Final = "claim.lock"

#: How often a push is tried that another one was in the way of, and how long to wait before the next, in seconds.
_TRIES: Final = 6
_PAUSE: Final = 0.2


def renew(repository: Repository, job: OpenJob, state: State = "open", seen: str | None = None) -> bool:
    """Tell the remote of a job, as it is at this moment.

    Args:
        repository: the library's.
        job: the job; what its folder says is told.
        state: what becomes of it here.
        seen: what the claim holds that is to become the job's; None where there is none, or it is the job's already.

    Returns:
        Whether the claim is the job's now; else another machine has it, or somebody has removed it.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses, or nobody is known who commits.
        JobError: the logs are too large.
    """
    claims = Claims(repository)
    with FileLock(job.folder / _LOCK):
        held = Held.of(job) or Held(claim_name(job.spec), seen)
        if seen is not None and not held.has(seen):
            held = Held(held.name, seen)
        if held.is_lost:
            return False
        return _pushed(claims, repository, job, state, held)


def _pushed(claims: Claims, repository: Repository, job: OpenJob, state: State, held: Held) -> bool:
    """Push what there is to say, until it is there or the claim is another's."""
    said = ""
    with repository.writer(signs=False) as writer:
        with repository.snapshot(held.commit) as before:
            files = files_of(job, state, before, repository.digits)
            draft = Draft(f"Job {job.id} is {state}\n", files)
            commit = writer.write(before, draft)
        held = replace(held, maybe=(*held.maybe, commit)).note(job)
        for number in range(_TRIES):
            pushed = push_claim(repository, claims.remote, held.name, commit, held.commit)
            if pushed.outcome is Outcome.DONE:
                Held(held.name, commit).note(job)
                return True
            if pushed.outcome is Outcome.LOST:
                raise ConnectionError(pushed.said)
            there = claims.commit(held.name)
            if there == commit:  # an answer was lost, and not the push
                Held(held.name, commit).note(job)
                return True
            if there != held.commit and not held.has(there):
                replace(held, is_lost=True).note(job)
                return False
            held = replace(held, commit=there)
            said = pushed.said
            time.sleep(random.uniform(0.5, 1) * _PAUSE * (number + 1))
    raise ConnectionError(said)


def renew_now(repository: Repository, job: OpenJob) -> None:
    """`renew`, for whoever waits for it.

    Raises:
        TakenError: the claim is another machine's, or was removed.
        JobError: the job is not shared, or its logs are too large.
        GitError: the remote cannot be reached, or refuses.
    """
    if job.spec.share is None:
        raise JobError(f"job {job.id} is not shared", hint="tvmgitlib job start --share 10m begins one that is.")
    try:
        is_ours = renew(repository, job)
    except ConnectionError as error:
        raise GitError(f"the remote cannot be told of job {job.id}: {error}", hint="Try again.") from None
    if not is_ours:
        raise lost(job)


def lost(job: OpenJob) -> TakenError:
    """The error for a job whose claim is not its own any more."""
    return TakenError(
        f"job {job.id} was taken over by another machine, or its claim was removed",
        hint="What was measured here stays: tvmgitlib job finish commits it, under an id of its own.",
    )


def settled(repository: Repository, job: OpenJob, *, has_landed: bool) -> OpenJob:
    """A job that is about to be committed, under an id that no other machine commits: its own while the claim says so.

    Args:
        repository: the library's.
        job: the job.
        has_landed: whether the library has a job of its id.
    """
    if job.spec.share is None or Held.of(job) is None:
        return job
    try:
        if renew(repository, job, "finishing"):
            return job
        why = "another machine has taken it over, or its claim was removed"
    except (ConnectionError, TvmgitlibError, OSError) as error:
        if has_landed:
            return job  # killed after the commit, before it was forgotten
        why = f"whether another machine has taken it over cannot be asked ({error})"
    other = job.renamed()
    _log.warning("job %s is committed as job %s: %s", job.id, other.id, why)
    return other


def release(repository: Repository, job: OpenJob) -> None:
    """Remove the claim of a job that is over, if it is still the job's. What goes wrong is said, and does no harm."""
    held = Held.of(job) if job.spec.share is not None else None
    if held is None:
        return
    try:
        if not held.is_lost:
            _remove(Claims(repository), repository, held)
    except (ConnectionError, TvmgitlibError) as error:
        _log.warning("the claim of job %s stays on the remote until another machine takes it: %s", job.id, error)
    if job.folder.is_dir():
        forget_held(job)


def _remove(claims: Claims, repository: Repository, held: Held) -> None:
    for commit in filter(None, (held.commit, *held.maybe)):
        pushed = push_claim(repository, claims.remote, held.name, None, commit)
        if pushed.outcome is Outcome.DONE:
            return
        if pushed.outcome in (Outcome.LOST, Outcome.BUSY):
            raise ConnectionError(pushed.said)
