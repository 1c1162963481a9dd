"""Pins: a lock file that fixes a library at one commit for a build."""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from tvmgitlib.format import read_lock
from tvmgitlib.library.cache_folder import cache_folder
from tvmgitlib.library.changes import require_recent, require_recent_lock
from tvmgitlib.library.folding import is_on_word, jobs_digest
from tvmgitlib.library.reading import Contents, Signatures, Trust
from tvmgitlib.model import (
    JOBS,
    GitError,
    LibraryError,
    MissingError,
    Pin,
    RecordError,
    SignedCheckpoint,
    Terms,
    plain_line,
)
from tvmgitlib.store import (
    AllowedSigners,
    Repository,
    create_cache,
    fetch_refs,
    public_url,
    read_small,
    remote_has,
    remote_name,
    settings_by_owner,
    upstream,
    without_credentials,
    write_whole,
)

_log = logging.getLogger("tvmgitlib")

#: How large a lock file may be, in bytes.
_MOST = 64 * 1024


def pin(
    repository: Repository,
    commit: str,
    *,
    local: bool = False,
    signed: bool = False,
    signers: str | os.PathLike[str] | None = None,
) -> Pin:
    """The pin of a commit; one of a clone for builds, which took the remote's word, is said to be unproven.

    Args:
        repository: the library.
        commit: the commit.
        local: pin a commit that only this machine has.
        signed: have builds of it believe signed jobs only, whatever the library and the user ask for.
        signers: a file of allowed signers, who may sign them; None for those who may here, where signed jobs are asked
            for.

    Raises:
        GitError: the remote does not have the commit; or the signers cannot be read.
        LibraryError: configs/ is not what its jobs fold to.
        RecordError: a segment is malformed.
    """
    with repository.snapshot(commit) as snapshot:
        contents = Contents(snapshot)
        if not contents.is_fresh:
            says = "is not what jobs/ fold to" if contents.is_stamped else "does not belong to jobs/"
            raise LibraryError(
                f"configs/ {says} in {commit[:12]}",
                hint="tvmgitlib rebuild, then pin the new commit.",
            )
        if is_on_word(contents):
            _log.warning(
                "configs/ of %s is pinned unproven: this clone has not the jobs to prove it by; whoever opens the lock "
                "proves it",
                commit[:12],
            )
        made = Pin(str(repository.root), commit, snapshot.digest("configs"), terms=_terms(contents, signed, signers))
        with suppress(MissingError):  # a clone for builds, say
            made = replace(made, jobs=jobs_digest(snapshot))
    _require_readable(made)
    if local:
        return made
    remote = remote_name(repository)
    try:
        is_there = remote_has(repository, remote, commit)
    except ConnectionError as error:
        raise GitError(str(error), hint="--local pins without asking the remote.") from None
    if not is_there:
        raise GitError(
            f"{remote} does not have {commit[:12]}, so nobody else could build with it",
            hint="tvmgitlib sync sends it; --local pins it for this machine only.",
        )
    url = public_url(repository, remote)
    assert url is not None  # remote_name() found it
    made = replace(made, url=url, checkpoint=_checkpoint(repository, commit))
    _require_readable(made)
    return made


def _checkpoint(repository: Repository, commit: str) -> SignedCheckpoint | None:
    """What says how old a commit of the remote's branch is, where the user asks for that; see `require_recent`."""
    if "tvmgitlib.maxage" not in settings_by_owner(repository.git, repository.reader.told)[0]:
        return None
    try:
        return require_recent(repository, upstream(repository), commit)
    except ConnectionError as error:
        raise GitError(str(error), hint="--local pins without asking the remote.") from None


def _terms(contents: Contents, signed: bool, signers: str | os.PathLike[str] | None) -> Terms:
    """Whose jobs builds of a pin believe, at the least."""
    is_asked = signed or Trust(contents).asks_for_signatures
    if signers is not None:
        allowed: tuple[str, ...] | None = AllowedSigners.in_file(str(Path(signers).absolute()), "--signers").lines
    else:
        allowed = Signatures(contents).allowed_lines if is_asked else None
    return Terms("signed" if is_asked else "any", allowed)


def _require_readable(pin: Pin) -> None:
    """Make sure that a lock file can be read again.

    Raises:
        LibraryError: the signers are too many, or are no lines that one may have; or the URL is no Unicode.
    """
    try:
        content = pin.to_text().encode()
    except UnicodeEncodeError:
        raise LibraryError("a lock cannot name what is not UTF-8", file=plain_line(pin.url), field="url") from None
    if len(content) > _MOST:
        raise LibraryError(
            f"the lock would have {len(content) // 1024} KiB, and {_MOST // 1024} KiB is what one may have"
        )
    try:
        read_lock(content)
    except RecordError as error:
        raise LibraryError(error.message, field=error.field) from None


def open_pin(path: Path) -> tuple[Repository, str, Terms]:
    """A repository that has the commit of a lock file, verified, the commit, and whose jobs the lock believes.

    Nothing is checked out.

    The objects are kept in the user's cache; once they are there, neither network nor library is needed.

    Raises:
        LibraryError: the lock is malformed, or the content is not what was pinned.
        GitError: the commit is not here and cannot be fetched.
    """
    wanted = _read(path)
    repository = _holder(wanted)
    with repository.snapshot(wanted.commit) as snapshot:
        _require_same(path, "configs", wanted.configs, snapshot.digest("configs"))
        if wanted.jobs is not None:
            _require_same(path, JOBS, wanted.jobs, jobs_digest(snapshot))
    require_recent_lock(repository, str(path), wanted)
    return repository, wanted.commit, wanted.terms


def _require_same(lock: Path, folder: str, wanted: str, found: str) -> None:
    """Make sure that the files of a folder are those that were pinned.

    Raises:
        LibraryError: they are not.
    """
    if found != wanted:
        raise LibraryError(
            f"the files of {folder}/ have hash {found[:12]}, and the lock says {wanted[:12]}",
            file=str(lock),
            field=folder,
            hint="Somebody changed the lock or the library. Pin again if you trust what is there now.",
        )


def _read(path: Path) -> Pin:
    try:
        return read_lock(read_small(path, _MOST, may_wait=True))
    except OSError as error:
        raise LibraryError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except RecordError as error:
        raise LibraryError(error.message, file=str(path), field=error.field) from None


def _holder(wanted: Pin) -> Repository:
    """The cache's repository with the pinned commit, fetched where it is not there yet."""
    commit = wanted.commit
    name = hashlib.sha256(wanted.url.encode()).hexdigest()[:16]
    cached = create_cache(cache_folder() / (name if len(commit) == 40 else f"{name}-{len(commit)}"), len(commit))
    # Of a library on this machine, no branch may have the commit; many servers give away a commit by its id, too.
    for refspec in ("+refs/heads/*:refs/heads/*", f"+{commit}:refs/pins/{commit}"):
        if cached.resolve(commit) is not None:
            return cached
        try:
            fetch_refs(cached, wanted.url, refspec)
        except ConnectionError as error:
            raise GitError(str(error), hint="The pinned commit is not on this machine yet: go online once.") from None
        except GitError:
            if commit not in refspec:
                raise
    if cached.resolve(commit) is None:
        raise GitError(f"no branch of {without_credentials(wanted.url)} has the pinned commit {commit[:12]}")
    return cached


def write_pin(pin: Pin, path: Path) -> None:
    """Write a lock file, whole or not at all.

    Raises:
        LibraryError: it cannot be written.
    """
    try:
        write_whole(path, pin.to_text().encode())
    except OSError as error:
        raise LibraryError(f"cannot be written: {error.strerror}", file=str(path)) from None
