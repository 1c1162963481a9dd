"""Taking a job: claiming what nobody has, and going on with what another machine has left."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tvmgitlib.library.jobs.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.jobs.sharing.claims import Claim, Claims, claim_name
from tvmgitlib.library.jobs.sharing.held import Held, forget_held
from tvmgitlib.library.jobs.sharing.renewing import renew
from tvmgitlib.library.jobs.sharing.shared_job import write_logs
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import GitError, JobError, JobSpec, TakenError, listed
from tvmgitlib.store import Outcome, Repository, push_claim

_log = logging.getLogger("tvmgitlib")

_BLOCK = 1 << 20


class Prepared(Struct, frozen=True):
    """What there is under the claim of a job that is to be begun.

    Attributes:
        seen: what the claim holds, to be replaced; None where there is none.
        own: the open job of this clone that has it.
        restored: the job that another machine has left, which is open in this clone now.
    """

    seen: str | None = None
    own: OpenJob | None = None
    restored: OpenJob | None = None


def prepare(repository: Repository, spec: JobSpec) -> Prepared:
    """See to it that a job may be begun, or resumed, under its claim.

    A job that another machine has left is an open job of this clone then, with all that was measured there.

    Args:
        repository: the library's.
        spec: what is to be tuned.

    Raises:
        TakenError: another machine, or another process here, has it.
        GitError: the remote cannot be reached, or refuses.
        TvmgitlibError: the claim holds something that is no job.
    """
    claims = Claims(repository)
    claim = claims.find(claim_name(spec))
    if claim is None:
        return Prepared()
    own = _own(repository, claim)
    if own is not None:
        if (lock := own.claim()) is None:
            raise claim.taken()
        lock.release()
        return Prepared(claim.commit, own=own)
    if not claim.is_free:
        raise claim.taken()
    restored = _restored(repository, claims, claim)
    return Prepared(claim.commit, restored=restored) if restored is not None else Prepared()


def hold(repository: Repository, job: OpenJob, share: float, seen: str | None) -> OpenJob:
    """Claim a job that is open here.

    Args:
        repository: the library's.
        job: the job.
        share: how often it is going to be renewed, in seconds.
        seen: what the claim holds that is to be replaced; None for nothing.

    Raises:
        TakenError: another machine was faster.
        GitError: the remote cannot be reached, or refuses.
    """
    if job.spec.share != share:
        job = job.told(replace(job.spec, share=share))
    try:
        if renew(repository, job, seen=seen):
            return job
    except ConnectionError as error:
        raise GitError(
            f"the remote cannot be told that this machine has job {job.id} open: {error}",
            hint="Try again; or leave --share out, and tune without telling.",
        ) from None
    claim = Claims(repository).find(claim_name(job.spec))
    if claim is None:
        raise TakenError(f"another machine has just claimed {job.spec.key}, and given it up", hint="Try again.")
    raise claim.taken()


def take_over(repository: Repository, which: str | None) -> OpenJob:
    """Go on here with a job that another machine has left, or has not been heard of from; see `Claim.is_free`.

    Args:
        repository: the library's.
        which: its key, its id or the beginning of that, or the name of its claim; None for the only one.

    Raises:
        TakenError: it is being worked on there, or another machine was faster.
        JobError: there is none, or several; or it is open here.
        GitError: the remote cannot be reached, or refuses.
    """
    claims = Claims(repository)
    claim = _chosen(claims, which)
    if (own := _own(repository, claim)) is not None:
        raise JobError(f"job {own.id} is open here already", hint=f"Go on with it: tvmgitlib job resume {own.id}")
    if not claim.is_free:
        raise claim.taken()
    restored = _restored(repository, claims, claim)
    if restored is None:
        raise JobError(
            f"job {claim.shared.job.id} is committed already, and its claim is removed",
            hint="tvmgitlib log shows it.",
        )
    try:
        return hold(repository, restored, claim.shared.interval, claim.commit)
    except TakenError:
        OpenJobs(repository.state).remove(restored)
        raise


def _chosen(claims: Claims, which: str | None) -> Claim:
    found = claims.all()
    if which is None:
        chosen = [claim for claim in found if claim.is_free] or found
    else:
        chosen = [claim for claim in found if which in (claim.key, claim.name)]
        chosen = chosen or [claim for claim in found if claim.shared.job.id.startswith(which)]
    if len(chosen) == 1:
        return chosen[0]
    hint = "tvmgitlib job list --remote shows them."
    of = f" of {which!r}" if which is not None else ""
    if not chosen:
        raise JobError(f"no job{of} is shared on {claims.remote}", hint=hint)
    names = listed(claim.name for claim in chosen)
    raise JobError(f"{len(chosen)} jobs{of} are shared on {claims.remote}: {names}", hint=f"Say which. {hint}")


def _own(repository: Repository, claim: Claim) -> OpenJob | None:
    """The open job of this clone whose claim it is."""
    for job in OpenJobs(repository.state).all():
        held = Held.of(job) if job.spec.share is not None else None
        if held is not None and held.name == claim.name and held.has(claim.commit):
            return job
    return None


def _restored(repository: Repository, claims: Claims, claim: Claim) -> OpenJob | None:
    """The job of a claim, open in this clone; None where the library has it: its claim is removed then."""
    jobs = OpenJobs(repository.state)
    job = claim.shared.job
    with repository.snapshot(repository.head) as snapshot:
        has_landed = Contents(snapshot).has_job(job.id)
    if has_landed:
        if push_claim(repository, claims.remote, claim.name, None, claim.commit).outcome is not Outcome.DONE:
            raise claim.taken()
        return None
    if claim.shared.state == "finishing":  # it may be committed there, under that id
        job = replace(job, id=secrets.token_hex(8))
    aside = _set_aside(jobs, job, claim)
    with repository.snapshot(claim.commit) as snapshot:
        made = jobs.restore(job, claim.shared.notes, lambda made: write_logs(snapshot, made))
    Held(claim.name, claim.commit).note(made)
    if aside is not None:
        if _is_within(aside, made):
            jobs.remove(aside)
        else:
            _log.warning("what was measured here of job %s is kept as job %s", made.id, aside.id)
    _log.warning(
        "job %s, which was open on %s, goes on here: %d trials were made",
        made.id,
        claim.shared.machine,
        claim.shared.trials,
    )
    return made


def _set_aside(jobs: OpenJobs, job: OpenJob, claim: Claim) -> OpenJob | None:
    """What this clone has open under the id of a job that another machine went on with, under another id."""
    here = next((each for each in jobs.all() if each.id == job.id), None)
    if here is None:
        return None
    lock = here.claim()
    if lock is None:
        raise claim.taken()
    try:
        aside = jobs.set_aside(here)
        forget_held(aside)
        return aside.told(replace(aside.spec, share=None))
    finally:
        lock.release()


def _is_within(job: OpenJob, other: OpenJob) -> bool:
    """Whether another job has all that one has measured and noted."""
    noted = other.notes()
    if any(note not in noted[name] for name, notes in job.notes().items() for note in notes):
        return False
    files = (file.relative_to(job.folder) for file in job.log_files)
    return all(_begins_with(other.folder / file, job.folder / file) for file in files)


def _begins_with(longer: Path, shorter: Path) -> bool:
    if not shorter.is_file() or shorter.stat().st_size == 0:
        return True
    if not longer.is_file():
        return False
    with longer.open("rb") as whole, shorter.open("rb") as part:
        while block := part.read(_BLOCK):
            if whole.read(len(block)) != block:
                return False
    return True
