"""Whose keys a user trusts: the file of allowed signers, in OpenSSH's form (`man ssh-keygen`, ALLOWED SIGNERS)."""

from __future__ import annotations

from pathlib import Path

from tvmgitlib.errors import GitError
from tvmgitlib.store.signing.proving import ask
from tvmgitlib.store.signing.text import NAMESPACE, Key


class AllowedSigners:
    """The signers that a user has allowed.

    Args:
        file: where they are: named by the user's own configuration, and never by a repository's.

    Raises:
        GitError: it is not there, or named in a way that may mean a file of a repository.
    """

    def __init__(self, file: str) -> None:
        self._file = Path(file).expanduser()
        if not self._file.is_absolute() or not self._file.is_file():
            raise GitError(
                f"tvmgitlib.allowedSigners names {file}, and no such file is there",
                hint="Name it by its whole path; a line of it is: tess@example.com ssh-ed25519 AAAA...",
            )
        self._known: dict[Key, str | None] = {}

    def who(self, key: Key, content: bytes, signature: bytes) -> str | None:
        """Whose a key is, which has made a signature of a content; None where it is of no allowed signer.

        Raises:
            GitError: OpenSSH is not installed.
        """
        if key not in self._known:
            self._known[key] = self._ask(content, signature)
        return self._known[key]

    def _ask(self, content: bytes, signature: bytes) -> str | None:
        file = str(self._file)
        found = ask(["find-principals", "-f", file], b"", signature)
        for principal in (found or "").splitlines():
            verify = ["verify", "-f", file, "-n", NAMESPACE, "-I", principal]  # also heeds the options of the line
            if ask(verify, content, signature) is not None:
                return principal
        return None
