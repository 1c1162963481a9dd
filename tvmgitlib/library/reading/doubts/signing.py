"""Who signed the jobs of a library, as far as their signatures prove it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tvmgitlib import store  # as a room: nothing is proven of jobs that nobody has signed
from tvmgitlib.library.reading.contents import Contents, signatures_in
from tvmgitlib.library.reading.results import SignedBy
from tvmgitlib.model import GitError, LibraryError, MissingError, segment_path, signature_at

if TYPE_CHECKING:
    from tvmgitlib.store import AllowedSigners, Entry, Snapshot

_log = logging.getLogger("tvmgitlib")

#: How many proofs are noted at a time.
_AT_ONCE: Final = 256


class Signatures:
    """Tells who signed jobs; a context manager, which notes at its end what was proven, so that it is proven once.

    A proof is of two blobs, that of the segment and that of the signature, and holds wherever they are.

    Args:
        contents: the library in one commit.
        signers_in: the commit with the library's own list of signers; None where it is that one.
    """

    def __init__(self, contents: Contents, signers_in: Snapshot | None = None) -> None:
        self._contents = contents
        self._signers_in = signers_in or contents.snapshot
        self._proven: list[tuple[str, str, str]] = []
        self._signers: dict[str, tuple[SignedBy, ...]] = {}
        self._owners: dict[str, str | None] = {}
        self._files: dict[str, dict[str, list[tuple[str, Entry]]]] = {}
        self._can_prove = True

    def __enter__(self) -> Signatures:
        return self

    def __exit__(self, *_: object) -> None:
        self._note()

    def of(self, job: str) -> tuple[SignedBy, ...]:
        """Who signed a job; a signature that proves nothing is none, and none is where nothing can be proven."""
        if job not in self._signers:
            try:
                self._signers[job] = tuple(self._signed_by(job))
            except GitError as error:
                _log.warning("nobody is said to have signed: %s", error)
                self._can_prove = False
                self._signers[job] = ()
        return self._signers[job]

    def _signed_by(self, job: str) -> Iterator[SignedBy]:
        for path, entry in self._files_of(job) if self._can_prove else ():
            key = self._key(job, path, entry)
            if key:
                if key not in self._owners:
                    self._owners[key] = self._who(job, path, entry)
                yield SignedBy(key, self._owners[key])

    def _files_of(self, job: str) -> list[tuple[str, Entry]]:
        """The signatures of a job; each folder of them is looked through once, whoever else is asked about in it."""
        folder = segment_path(job).rpartition("/")[0]
        if folder not in self._files:
            self._files[folder] = signatures_in(self._contents.snapshot, folder)
        found = self._files[folder].get(job, [])
        for path, entry in found:
            store.require_plain(path, entry)
        return found

    @property
    def has_allowed(self) -> bool:
        """Whether the user has said who is allowed to sign, or a lock file."""
        return bool(self._allowed)

    @property
    def allowed_lines(self) -> tuple[str, ...] | None:
        """Those who are allowed to sign, in lines as OpenSSH has them; None where nobody has said who is.

        Raises:
            GitError: a list of them cannot be read.
        """
        if not self._allowed:
            return None
        return tuple(dict.fromkeys(line for signers in self._allowed for line in signers.lines))

    @cached_property
    def _allowed(self) -> tuple[AllowedSigners, ...]:
        """Those whom the user allows to sign, and those whom these do; where the user names nobody, the lock file's."""
        file = self._contents.configured[0].get("tvmgitlib.allowedsigners")
        if not file:
            return () if self._pinned is None else (self._pinned,)
        from tvmgitlib.library.reading.doubts.delegation import delegates  # which most users do without

        root = store.AllowedSigners.in_file(file)
        others = delegates(self._signers_in, root)
        return (root,) if others is None else (root, others)

    @cached_property
    def _pinned(self) -> AllowedSigners | None:
        """Those whom the lock file of this library allows, who never are more than the user does; None without one."""
        lines = self._contents.terms.signers
        return None if lines is None else store.AllowedSigners.in_lines(lines)

    def _who(self, job: str, path: str, entry: Entry) -> str | None:
        """Whose the key is that made a signature, which was proven."""
        if not self._allowed:
            return None
        signature = self._contents.snapshot.blob(path, entry.oid, store.MOST_OF_SIGNATURE)
        content = self._contents.snapshot.read(segment_path(job)) or b""
        who = next(filter(None, (signers.who(content, signature) for signers in self._allowed)), None)
        if who is None or self._pinned is None or self._pinned in self._allowed:
            return who
        return who if self._pinned.who(content, signature) is not None else None

    def counts(self) -> Counter[SignedBy | None]:
        """How many jobs each has signed; None for those that nobody has."""
        found: Counter[SignedBy | None] = Counter()
        for job in self._contents.outlines.ids:
            found.update(self.of(job) or (None,))
        return found

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong with signatures: the file, and what it is.

        Raises:
            GitError: ssh-keygen cannot be asked.
        """
        for path, entry in self._contents.snapshot.files("jobs"):
            at = signature_at(path)
            if at is not None and self._contents.snapshot.entry(segment_path(at[0])) is None:
                yield path, "a signature of a segment that is not there"
            elif at is not None and not self._key(at[0], path, entry):
                yield path, f"no signature of {segment_path(at[0])} by the key that its name tells; git rm takes it out"

    def may_prove(self, path: str) -> bool:
        """Whether a signature is not known to prove nothing; a file of the commit."""
        at, entry = signature_at(path), self._contents.snapshot.entry(path)
        if at is None or entry is None:
            return False
        try:
            return bool(self._key(at[0], path, entry))
        except GitError:  # ssh-keygen cannot be asked
            return True

    def _key(self, job: str, path: str, entry: Entry) -> str:
        """The fingerprint of the key that made a signature; empty where it is not what its name says."""
        outlines, segment = self._contents.outlines, self._contents.snapshot.entry(segment_path(job))
        if segment is None:
            return ""
        known = outlines.key(segment.oid, entry.oid)
        if not known:  # that something was no signature is asked again: ssh-keygen may have failed
            known = self._prove(job, path, entry)
            if known:
                self._proven.append((segment.oid, entry.oid, known))
            if len(self._proven) >= _AT_ONCE:
                self._note()
        return known

    def _prove(self, job: str, path: str, entry: Entry) -> str:
        snapshot = self._contents.snapshot
        try:
            signature = snapshot.blob(path, entry.oid, store.MOST_OF_SIGNATURE)
        except MissingError:  # what is not here says nothing, least of all for good
            raise
        except LibraryError:  # it is too large for any
            return ""
        at, named = signature_at(path), store.key_of(signature)
        if at is None or named is None or named.id != at[1]:
            return ""
        content = snapshot.read(segment_path(job))
        key = store.signed_by(content, signature) if content is not None else None
        return key.fingerprint if key is not None else ""

    def _note(self) -> None:
        if self._proven:
            self._contents.outlines.remember_keys(self._proven)
            self._proven = []
