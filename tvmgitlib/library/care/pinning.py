"""Pins: a lock file that fixes a library at one commit for a build."""

from __future__ import annotations

import hashlib
import logging
import secrets
from pathlib import Path

from tvmgitlib.errors import GitError, LibraryError, RecordError
from tvmgitlib.format import read_lock
from tvmgitlib.library.cache_folder import cache_folder
from tvmgitlib.library.folding import is_on_word
from tvmgitlib.library.reading import Contents
from tvmgitlib.model import Pin
from tvmgitlib.store import (
    Repository,
    Snapshot,
    create_cache,
    fetch_refs,
    public_url,
    read_small,
    remote_has,
    remote_name,
    without_credentials,
)

_log = logging.getLogger("tvmgitlib")

#: How large a lock file may be, in bytes.
_MOST = 64 * 1024


def content_hash(snapshot: Snapshot) -> str:
    """SHA-256 over the files of configs/: of each, its path, a NUL, and the SHA-256 of its content, in Git's order."""
    digest = hashlib.sha256()
    for path, content in snapshot.contents(snapshot.files("configs")):
        digest.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def pin(repository: Repository, commit: str, *, local: bool = False) -> Pin:
    """The pin of a commit; one of a clone for builds, which took the remote's word, is said to be unproven.

    Args:
        repository: the library.
        commit: the commit.
        local: pin a commit that only this machine has.

    Raises:
        GitError: the remote does not have the commit.
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
        configs = content_hash(snapshot)
    if local:
        return Pin(str(repository.root), commit, configs)
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
    return Pin(url, commit, configs)


def open_pin(path: Path) -> tuple[Repository, str]:
    """A repository that has the commit of a lock file, verified. Nothing is checked out.

    The objects are kept in the user's cache; once they are there, neither network nor library is needed.

    Raises:
        LibraryError: the lock is malformed, or the content is not what was pinned.
        GitError: the commit is not here and cannot be fetched.
    """
    wanted = _read(path)
    repository = _holder(wanted)
    with repository.snapshot(wanted.commit) as snapshot:
        found = content_hash(snapshot)
    if found != wanted.configs:
        raise LibraryError(
            f"the configs of {wanted.commit[:12]} have hash {found[:12]}, and the lock says {wanted.configs[:12]}",
            file=str(path),
            field="configs",
            hint="Somebody changed the lock or the library. Pin again if you trust what is there now.",
        )
    return repository, wanted.commit


def _read(path: Path) -> Pin:
    try:
        return read_lock(read_small(path, _MOST))
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
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        scratch.write_text(pin.to_text(), encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise LibraryError(f"cannot be written: {error.strerror}", file=str(path)) from None
    finally:
        scratch.unlink(missing_ok=True)
