"""Signed, dated checkpoints: whoever folds says where the branch is, so that nobody can be kept on an old state unseen.

A host can serve a branch as it was months ago. A user who sets `tvmgitlib.maxAge` takes nothing of a remote that has
not shown a checkpoint of that age at most, signed by one of the user's own allowed signers.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import NoReturn

from msgspec import Struct

from tvmgitlib.format import CHECKPOINT_FILE, read_checkpoint
from tvmgitlib.library.changes.sharing.exchange import attempts
from tvmgitlib.library.folding import jobs_digest
from tvmgitlib.model import (
    CLOCK_SKEW,
    Checkpoint,
    GitError,
    LibraryError,
    MissingError,
    Pin,
    RecordError,
    SignedCheckpoint,
    read_age,
    utc_text,
)
from tvmgitlib.store import (
    CHECKPOINT_NAMESPACE,
    MOST_OF_SIGNATURE,
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

#: How long a checkpoint may be, in bytes: it goes into lock files.
_MOST = 8192


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


def require_recent(repository: Repository, source: Upstream, tip: str) -> SignedCheckpoint | None:
    """Make sure that a remote branch is no older than the user allows, where the user has set `tvmgitlib.maxAge`.

    Args:
        repository: the library's.
        source: the branch.
        tip: the commit that the remote shows.

    Returns:
        The checkpoint that says so; None where the user asks for none.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: the configuration says no age, or names nobody who is allowed to sign.
        LibraryError: the remote has no such checkpoint; nothing is to be taken of it.
    """
    whose = f"{source.remote} has no checkpoint of its branch {source.branch}"
    limit = _Limit.of(repository, whose, f"Whoever folds renews it ({_FOLD}). Nothing was taken; {_WITHOUT}.")
    if limit is None:
        return None
    allowed = limit.allowed()
    commit = fetch_checkpoint(repository, source)
    signed = _signed(repository, commit) if commit is not None else None
    if commit is None or signed is None:
        limit.refuse("there is none")
    found, made = limit.judged(signed, allowed)
    if found.branch != source.branch:
        limit.refuse(f"it is of another branch, {found.branch}")
    known = believed_checkpoint(repository, source)
    before = _signed(repository, known) if known is not None and known != commit else None
    if before is not None and made < (seen := read_checkpoint(before.text.encode()))[1]:
        limit.refuse(f"it is of {found.time}, and a later one, of {seen[0].time}, was seen")
    limit.require_reached(repository, found, tip)
    note_believed(repository, source, commit)
    return signed


def require_recent_lock(repository: Repository, lock: str, pin: Pin) -> None:
    """Make sure that a lock file is no older than the user allows, where the user has set `tvmgitlib.maxAge`.

    Args:
        repository: one that has the pinned commit.
        lock: the file, for messages.
        pin: what it says. Where the user allows nobody to sign, the lock's signers are.

    Raises:
        GitError: the configuration says no age, or nobody is allowed to sign.
        LibraryError: the lock has no such checkpoint.
    """
    limit = _Limit.of(repository, f"{lock} has no checkpoint", f"Pin again where tvmgitlib.maxAge is set; {_WITHOUT}.")
    if limit is None:
        return
    allowed = limit.allowed(pin.terms.signers)
    if pin.checkpoint is None:
        limit.refuse("there is none")
    found, _ = limit.judged(pin.checkpoint, allowed)
    limit.require_reached(repository, found, pin.commit)


_FOLD = "tvmgitlib fold --queue --checkpoint"
_WITHOUT = "git config --global --unset tvmgitlib.maxAge goes on without"


class _Limit(Struct, frozen=True):
    """How old a checkpoint may be.

    Attributes:
        age: as the user says it.
        oldest: when one was made that is just young enough.
        file: the user's allowed signers.
        whose: what has no such checkpoint, and what to do then, for messages.
    """

    age: str
    oldest: datetime
    file: str | None
    whose: str
    hint: str

    @classmethod
    def of(cls, repository: Repository, whose: str, hint: str) -> _Limit | None:
        """What the user's own configuration asks for; None where that is nothing.

        Raises:
            GitError: it says no age.
        """
        configured = settings_by_owner(repository.git, repository.reader.told)[0]
        age = configured.get("tvmgitlib.maxage")
        if age is None:
            return None
        try:
            oldest = datetime.now(timezone.utc) - read_age(age)
        except (ValueError, OverflowError) as error:
            raise GitError(f"tvmgitlib.maxAge: {error}") from None
        return cls(age, oldest, configured.get("tvmgitlib.allowedsigners"), whose, hint)

    def allowed(self, otherwise: tuple[str, ...] | None = None) -> AllowedSigners:
        """Who may sign one: whom the user allows, else others in lines.

        Raises:
            GitError: there is nobody.
        """
        if self.file:
            return AllowedSigners.in_file(self.file)
        if otherwise is None:
            raise GitError("tvmgitlib.maxAge needs tvmgitlib.allowedSigners: who may sign a checkpoint")
        return AllowedSigners.in_lines(otherwise)

    def judged(self, signed: SignedCheckpoint, allowed: AllowedSigners) -> tuple[Checkpoint, datetime]:
        """What a checkpoint says, and when it was made.

        Raises:
            LibraryError: none of these has signed it, it is malformed, or too old.
        """
        text = signed.text.encode()
        if allowed.checkpoint(text, signed.signature.encode()) is None:
            self.refuse("nobody has signed it who may (tvmgitlib.allowedSigners)")
        try:
            found, made = read_checkpoint(text)
        except RecordError as error:
            self.refuse(f"it is malformed: {error}")
        if made < self.oldest or made > datetime.now(timezone.utc) + CLOCK_SKEW:
            self.refuse(f"it is of {found.time}")
        return found, made

    def require_reached(self, repository: Repository, found: Checkpoint, tip: str) -> None:
        """Make sure that a commit has what a checkpoint says.

        Raises:
            LibraryError: it has not.
        """
        if repository.resolve(found.commit) is None or not is_ancestor(repository, found.commit, tip):
            what = f"it says {found.commit[:12]}, which {tip[:12]} does not have (or this clone has not its history)"
            self.refuse(what)
        with suppress(MissingError), repository.snapshot(found.commit) as snapshot:  # a clone for builds has not all
            if jobs_digest(snapshot) != found.jobs:
                self.refuse(f"the jobs of {found.commit[:12]} are others than it says")

    def refuse(self, why: str) -> NoReturn:
        raise LibraryError(f"{self.whose} that is not older than {self.age}: {why}", hint=self.hint)


def _signed(repository: Repository, commit: str) -> SignedCheckpoint | None:
    """What a commit has as a checkpoint; None where it is no text, or not there."""
    with repository.snapshot(commit) as snapshot:
        text = snapshot.read(CHECKPOINT_FILE, _MOST)
        signature = snapshot.read(_SIGNATURE, MOST_OF_SIGNATURE)
    try:
        return SignedCheckpoint((text or b"").decode(), (signature or b"").decode())
    except UnicodeDecodeError:
        return None
