"""Whose jobs are believed: anybody's, or only those signed by whom the user allows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tvmgitlib.model import GitError

if TYPE_CHECKING:
    from tvmgitlib.library.reading.contents import Contents
    from tvmgitlib.library.reading.doubts.signing import Signatures
    from tvmgitlib.store import Snapshot


class Trust:
    """Tells which jobs are believed.

    That only signed ones are, the user's configuration may say (`tvmgitlib.trust`), the repository's, or the library's
    settings, or a lock file: each can only ask for more. Who is allowed to sign, the user's own configuration says
    alone; where a lock file says it too, both have to.

    Args:
        contents: the library in one commit.
        always: ask for signatures whatever its settings say: those of another commit did.
        signers_in: the commit with the library's own list of signers; None where it is that one.
    """

    def __init__(self, contents: Contents, *, always: bool = False, signers_in: Snapshot | None = None) -> None:
        self._contents = contents
        self._always = always
        self._signers_in = signers_in
        self._told: dict[str, str | None] = {}

    @cached_property
    def asks_for_signatures(self) -> bool:
        """Whether only signed jobs are believed.

        Raises:
            GitError: a configuration says something else than whether they are.
        """
        if self._always:
            return True
        said = [settings.get("tvmgitlib.trust", "any") for settings in self._contents.configured]
        for value in said:
            if value not in ("any", "signed"):
                raise GitError(f"tvmgitlib.trust is any or signed, not {value!r}", hint="git config --show-origin -l")
        return "signed" in (*said, self._contents.settings.policy_trust, self._contents.terms.trust)

    @cached_property
    def _signatures(self) -> Signatures:
        from tvmgitlib.library.reading.doubts.signing import Signatures  # which most libraries do without

        return Signatures(self._contents, self._signers_in)

    def counts(self, job: str) -> bool:
        """Whether a job counts (nobody has reverted it) and is believed: others say nothing of any record."""
        return self._contents.standing.counts(job) and self.why_not(job) is None

    def why_not(self, job: str) -> str | None:
        """Why a job is not believed, in words; None where it is."""
        if not self.asks_for_signatures:
            return None
        if job not in self._told:
            with self._signatures as signatures:
                self._told[job] = self._why_not(job, signatures)
        return self._told[job]

    def _why_not(self, job: str, signatures: Signatures) -> str | None:
        signers = signatures.of(job)
        if any(signer.who is not None for signer in signers):
            return None
        if not signers:
            return f"job {job[:8]} is not signed, and only signed jobs are trusted (policy.trust, tvmgitlib.trust)"
        keys = ", ".join(signer.key for signer in signers)
        if not signatures.has_allowed:
            way_out = "git config --global tvmgitlib.allowedSigners FILE names those who are allowed"
            return f"job {job[:8]} is signed by {keys}, and nobody is allowed to sign; {way_out}"
        if self._contents.terms.signers is not None:
            return (
                f"job {job[:8]} is signed by {keys}, which is no key of the lock file's signers, or none that you allow"
            )
        return f"job {job[:8]} is signed by {keys}, which is no key of your tvmgitlib.allowedSigners"
