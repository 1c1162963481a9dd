"""Whose keys a user trusts: allowed signers, in OpenSSH's form (`man ssh-keygen`, ALLOWED SIGNERS)."""

from __future__ import annotations

from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.signing.files import written
from tvmgitlib.store.signing.proving import ask, signed_by
from tvmgitlib.store.signing.text import CHECKPOINT_NAMESPACE, NAMESPACE, SIGNERS_NAMESPACE


class AllowedSigners:
    """Those who are allowed to sign.

    Args:
        text: a line for each, as a file of OpenSSH's has them.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text

    @classmethod
    def in_file(cls, file: str, said_by: str = "tvmgitlib.allowedSigners") -> AllowedSigners:
        """Those in a file that the user's own configuration names, and never a repository's.

        Args:
            file: its whole path.
            said_by: what names it, for messages.

        Raises:
            GitError: it cannot be read, or is named in a way that may mean a file of a repository.
        """
        path = Path(file).expanduser()
        if not path.is_absolute() or not path.is_file():
            raise GitError(
                f"{said_by} names {file}, and no such file is there",
                hint="Name it by its whole path; a line of it is: tess@example.com ssh-ed25519 AAAA...",
            )
        return cls(path.read_bytes())

    @classmethod
    def in_lines(cls, lines: tuple[str, ...]) -> AllowedSigners:
        """Those whom lines name, as `lines` gives them."""
        return cls("".join(f"{line}\n" for line in lines).encode())

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each, without comments.

        Raises:
            GitError: it is no text.
        """
        try:
            lines = [line.strip() for line in self._text.decode().split("\n")]
        except UnicodeDecodeError:
            raise GitError("a list of allowed signers is no UTF-8 text") from None
        return tuple(line for line in lines if line and not line.startswith("#"))

    def who(self, content: bytes, signature: bytes) -> str | None:
        """Who has signed the segment of a job; None where it is none of these.

        Raises:
            GitError: ssh-keygen cannot tell, see `ask`.
        """
        return self._who(content, signature, NAMESPACE)

    def delegate(self, signers: bytes, signature: bytes) -> bool:
        """Whether one of these has signed a list of others who may sign jobs.

        Raises:
            GitError: ssh-keygen cannot tell, see `ask`.
        """
        key = signed_by(signers, signature, SIGNERS_NAMESPACE)
        return key is not None and self._who(signers, signature, SIGNERS_NAMESPACE) is not None

    def checkpoint(self, content: bytes, signature: bytes) -> str | None:
        """Who has signed where a branch was; None where it is none of these.

        Raises:
            GitError: ssh-keygen cannot tell, see `ask`.
        """
        key = signed_by(content, signature, CHECKPOINT_NAMESPACE)
        return self._who(content, signature, CHECKPOINT_NAMESPACE) if key is not None else None

    def _who(self, content: bytes, signature: bytes, namespace: str) -> str | None:
        with written("allowed", self._text) as file:
            found = ask(["find-principals", "-f", file], b"", signature)
            for principal in (found or "").splitlines():
                verify = ["verify", "-f", file, "-n", namespace, "-I", principal]  # heeds the line's options too
                if ask(verify, content, signature) is not None:
                    return principal
        return None
