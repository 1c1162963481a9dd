"""Signed, dated checkpoints: whoever folds says where the branch is, so that nobody can be kept on an old state unseen.

A host can serve a branch as it was months ago. A user who sets `tvmgitlib.maxAge` takes nothing of a remote that has
not shown a checkpoint of that age at most, signed by one of the user's own allowed signers.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import NoReturn

from tvmgitlib.errors import GitError, LibraryError, MissingError, RecordError
from tvmgitlib.format import CHECKPOINT_FILE, read_checkpoint
from tvmgitlib.library.changes.sharing.exchange import attempts
from tvmgitlib.library.folding import jobs_digest
from tvmgitlib.model import CLOCK_SKEW, Checkpoint, read_age, utc_text
from tvmgitlib.store import (
    CHECKPOINT_NAMESPACE,
    MOST_OF_SIGNATURE,
    MOST_OF_SMALL,
    AllowedSigners,
    Configuration,
    Draft,
    Outcome,
    Repository,
    Signer,
    Upstream,
    believed_checkpoint,
    fetch_checkpoint,
    is_ancestor,
    note_believed,
    push_checkpoint,
    settings_by_owner,
    upstream,
)

_SIGNATURE = f"{CHECKPOINT_FILE}.sig"


def make_checkpoint(repository: Repository, commit: str) -> Checkpoint:
    """Sign that the remote branch is at a commit now, and put that beside it.

    Args:
        repository: the library's.
        commit: what the remote has, as this clone has just seen.

    Raises:
        GitError: nothing says with which key; or the remote refuses.
    """
    signer = Signer.of(repository.git, Configuration(repository.git))
    if signer is None:
        raise GitError(
            "a checkpoint is signed, and nothing says with which key",
            hint="Run: git config tvmgitlib.sign ssh-key; user.signingKey names the key.",
        )
    source = upstream(repository)
    with repository.snapshot(commit) as snapshot:
        made = Checkpoint(source.branch, commit, jobs_digest(snapshot), utc_text(time.time()))
    text = made.to_text().encode()
    _, signature = signer.sign(text, CHECKPOINT_NAMESPACE)
    message = f"Checkpoint of {source.branch} at {commit[:12]}\n"
    with repository.snapshot(None) as nothing, repository.writer() as writer:
        written = writer.write(nothing, Draft(message, {CHECKPOINT_FILE: text, _SIGNATURE: signature}))
        for tries in attempts(source):
            try:
                pushed = push_checkpoint(repository, source, written, fetch_checkpoint(repository, source))
            except ConnectionError as error:
                tries.last = str(error)
                continue
            if pushed.outcome is Outcome.DONE:
                break
            tries.last = pushed.said
    return made


def require_recent(repository: Repository, source: Upstream, tip: str) -> None:
    """Make sure that a remote branch is no older than the user allows, where the user has set `tvmgitlib.maxAge`.

    Args:
        repository: the library's.
        source: the branch.
        tip: the commit that the remote shows.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: the configuration says no age, or names nobody who is allowed to sign.
        LibraryError: the remote has no such checkpoint; nothing is to be taken of it.
    """
    configured = settings_by_owner(repository.git)[0]
    age = configured.get("tvmgitlib.maxage")
    if age is None:
        return
    oldest = datetime.now(timezone.utc) - _age(age)
    file = configured.get("tvmgitlib.allowedsigners")
    if not file:
        raise GitError("tvmgitlib.maxAge needs tvmgitlib.allowedSigners: who may sign a checkpoint")
    commit = fetch_checkpoint(repository, source)
    if commit is None:
        _refuse(source, "there is none", age)
    found, made = _read(repository, commit, source, AllowedSigners.in_file(file), age)
    if made < oldest or made > datetime.now(timezone.utc) + CLOCK_SKEW:
        _refuse(source, f"it is of {found.time}", age)
    known = believed_checkpoint(repository, source)
    if known is not None and known != commit:
        before = _read(repository, known, source, None, age)[1]
        if made < before:
            _refuse(source, f"it is of {found.time}, and a later one, of {utc_text(before.timestamp())}, was seen", age)
    _require_reached(repository, source, found, tip, age)
    note_believed(repository, source, commit)


def _age(text: str) -> timedelta:
    try:
        return read_age(text)
    except (ValueError, OverflowError) as error:
        raise GitError(f"tvmgitlib.maxAge: {error}") from None


def _read(
    repository: Repository, commit: str, source: Upstream, allowed: AllowedSigners | None, age: str
) -> tuple[Checkpoint, datetime]:
    """The checkpoint in a commit, and when it was made.

    Args:
        repository, commit, source: where.
        allowed: who may have signed it; None for one that was believed before.
        age: for messages.

    Raises:
        LibraryError: it is no checkpoint of this branch, or none of these has signed it.
    """
    with repository.snapshot(commit) as snapshot:
        text = snapshot.read(CHECKPOINT_FILE, MOST_OF_SMALL)
        signature = snapshot.read(_SIGNATURE, MOST_OF_SIGNATURE)
    if text is None or signature is None or (allowed is not None and allowed.checkpoint(text, signature) is None):
        _refuse(source, "nobody has signed it whom your tvmgitlib.allowedSigners names", age)
    try:
        found, made = read_checkpoint(text)
    except RecordError as error:
        _refuse(source, f"it is malformed: {error}", age)
    if found.branch != source.branch:
        _refuse(source, f"it is of another branch, {found.branch}", age)
    return found, made


def _require_reached(repository: Repository, source: Upstream, found: Checkpoint, tip: str, age: str) -> None:
    """Make sure that what a remote shows has what its checkpoint says.

    Raises:
        LibraryError: it has not.
    """
    if repository.resolve(found.commit) is None or not is_ancestor(repository, found.commit, tip):
        what = f"it says {found.commit[:12]}, which {tip[:12]} does not have (or this clone has not its history)"
        _refuse(source, what, age)
    with suppress(MissingError), repository.snapshot(found.commit) as snapshot:  # a clone for builds has not all jobs
        if jobs_digest(snapshot) != found.jobs:
            _refuse(source, f"the jobs of {found.commit[:12]} are others than it says", age)


def _refuse(source: Upstream, why: str, age: str) -> NoReturn:
    raise LibraryError(
        f"{source.remote} has no checkpoint of its branch {source.branch} that is not older than {age}: {why}",
        hint="Whoever folds renews it (tvmgitlib fold --queue --checkpoint). Nothing was taken; git config --global "
        "--unset tvmgitlib.maxAge goes on without.",
    )
