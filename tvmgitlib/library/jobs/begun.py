"""Which jobs in progress are this user's: a Git directory that somebody else made may bring others along.

Whoever finishes a job signs what it has logged, and so says that it was measured. That a job is the user's own is noted
in the user's own cache, where no archive and no shared disk can put it: an empty file of the job's id.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tvmgitlib.library.cache_folder import cache_folder
from tvmgitlib.model import JobError
from tvmgitlib.store import Configuration, Repository, Signer


def note_begun(job: str) -> None:
    """Note that a job is the user's own; where that cannot be noted, it is asked about when it is to be signed."""
    with suppress(OSError, RuntimeError):
        note = _note(job)
        note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        note.touch()


def forget_begun(job: str) -> None:
    """A job is over."""
    with suppress(OSError, RuntimeError):
        _note(job).unlink()


def pass_on(job: str, other: str) -> None:
    """A job goes on under another id."""
    if _is_begun(job):
        note_begun(other)


def require_begun(repository: Repository, job: str) -> None:
    """Make sure that a job is the user's own, if it is going to be signed.

    Args:
        repository: the library's.
        job: its id.

    Raises:
        GitError: whether it would be signed is not clear.
        JobError: nothing says that it is.
    """
    if not _is_begun(job) and Signer.of(repository.git, Configuration(repository.git)) is not None:
        raise JobError(
            f"job {job} was not begun by you, as far as your cache knows, and you would sign it",
            hint=f"Where it is yours (begun elsewhere, say), tvmgitlib job resume {job} says so; then finish it.",
        )


def _is_begun(job: str) -> bool:
    try:
        return _note(job).is_file()
    except (OSError, RuntimeError):
        return False


def _note(job: str) -> Path:
    return cache_folder() / "begun" / job
