"""Which jobs in progress are this user's: a Git directory that somebody else made may bring others along.

Whoever finishes a job signs what it has logged, and so says that it was measured. That a job is the user's own is noted
in the user's own cache, where no archive and no shared disk can put it: an empty file of the job's id, in a folder of
the library that has it, for the ids of shared jobs are public.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder, repository_id
from tvmgitlib.model import JobError
from tvmgitlib.store import Configuration, Repository, Signer


def note_begun(state: Path, job: str) -> None:
    """Note that a job is the user's own; where that cannot be noted, it is asked about when it is to be signed.

    Args:
        state: the library's folder under the common Git directory.
        job: the job's id.
    """
    with suppress(OSError, RuntimeError):
        _write(state, job)


def forget_begun(state: Path, job: str) -> None:
    """A job is over."""
    with suppress(OSError, RuntimeError):
        _note(state, job).unlink()


def pass_on(state: Path, job: str, other: str) -> None:
    """A job goes on under another id, and not under its own any more."""
    if _is_begun(state, job):
        note_begun(state, other)
    forget_begun(state, job)


def confirm_begun(repository: Repository, job: str) -> None:
    """Note that a job is the user's own, because the user says so.

    Raises:
        GitError: whether it would be signed is not clear.
        JobError: it cannot be noted, and without a note it will not be signed.
    """
    try:
        _write(repository.state, job)
    except (OSError, RuntimeError) as error:
        if _is_signed(repository):
            raise JobError(
                f"that job {job} is yours cannot be noted in your cache: {error}",
                hint="Let XDG_CACHE_HOME name a folder that you can write, now and when you finish the job.",
            ) from None


def require_begun(repository: Repository, job: str) -> None:
    """Make sure that a job is the user's own, if it is going to be signed.

    Args:
        repository: the library's.
        job: its id.

    Raises:
        GitError: whether it would be signed is not clear.
        JobError: nothing says that it is.
    """
    if not _is_begun(repository.state, job) and _is_signed(repository):
        raise JobError(
            f"job {job} was not begun by you, as far as your cache knows, and you would sign it",
            hint=f"Where it is yours (begun elsewhere, say), tvmgitlib job resume {job} says so; then finish it.",
        )


def _is_signed(repository: Repository) -> bool:
    return Signer.of(repository.git, Configuration(repository.git)) is not None


def _is_begun(state: Path, job: str) -> bool:
    try:
        return _note(state, job).is_file()
    except (OSError, RuntimeError):
        return False


def _write(state: Path, job: str) -> None:
    note = _note(state, job)
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    note.touch()


def _note(state: Path, job: str) -> Path:
    return cache_folder() / "begun" / repository_id(state) / job
