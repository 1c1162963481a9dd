"""Signing files as Git signs commits with `gpg.format=ssh`: with a key of the user's, by the user's ssh-keygen."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tvmgitlib.model import GitError, plain_line
from tvmgitlib.store.git import Configuration, Git, require_trusted_signing
from tvmgitlib.store.signing.files import written
from tvmgitlib.store.signing.text import NAMESPACE, Key, key_of

#: The only way to sign that there is.
_BY_SSH: Final = "ssh-key"

#: Keys that stand in the configuration themselves, and not in a file.
_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")

_NOT_SIGNED = "Nothing was committed; git config tvmgitlib.sign none goes on without signatures."


class Signer:
    """Signs what a user commits.

    Args:
        key: the file of the key (the public one will do where an agent has the other half), or the public key itself.
        program: the ssh-keygen.
    """

    def __init__(self, key: str, program: str = "ssh-keygen") -> None:
        self._key = key
        self._program = program
        self._made: dict[tuple[bytes, str], tuple[Key, bytes]] = {}

    @classmethod
    def of(cls, git: Git, configuration: Configuration) -> Signer | None:
        """Who signs, by `tvmgitlib.sign` and `user.signingKey` (or `tvmgitlib.signingKey`); None where nobody does.

        Raises:
            GitError: no key is named; or the repository's own configuration names a program to sign with.
        """
        how = configuration.get("tvmgitlib.sign") or "none"
        if how == "none":
            return None
        if how != _BY_SSH:
            raise GitError(f"tvmgitlib.sign is {_BY_SSH} or none, not {how!r}", hint=_NOT_SIGNED)
        require_trusted_signing(git, configuration.values)
        key = configuration.get("tvmgitlib.signingkey") or configuration.get("user.signingkey")
        if key is None:
            raise GitError(
                "jobs are to be signed (tvmgitlib.sign), and nothing says with which key",
                hint="Run: git config --global user.signingKey ~/.ssh/id_ed25519.pub",
            )
        return cls(key, configuration.get("gpg.ssh.program") or "ssh-keygen")

    def sign(self, content: bytes, namespace: str = NAMESPACE) -> tuple[Key, bytes]:
        """The key, and the signature that it makes of a content for a purpose; of the same content it is made once.

        Raises:
            GitError: it cannot be made.
        """
        if (content, namespace) not in self._made:
            self._made[content, namespace] = self._sign(content, namespace)
        return self._made[content, namespace]

    def _sign(self, content: bytes, namespace: str) -> tuple[Key, bytes]:
        with ExitStack() as stack:
            if self._key.startswith(_LITERAL):
                public = self._key.removeprefix("key::") + "\n"
                which = [stack.enter_context(written("key.pub", public.encode())), "-U"]  # the agent has the other half
            else:
                which = [str(Path(self._key).expanduser())]
            command = [self._program, "-Y", "sign", "-n", namespace, "-f", *which]
            try:
                done = subprocess.run(command, input=content, capture_output=True, check=False)
            except OSError as error:
                raise _failure(f"{self._program} cannot be run: {error.strerror}") from None
        key = key_of(done.stdout)
        if done.returncode != 0 or key is None:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _failure(plain_line(said[-1]) if said else f"{self._program} gives no signature of a plain SSH key")
        return key, done.stdout


def _failure(what: str) -> GitError:
    return GitError(f"the job cannot be signed: {what}", hint=_NOT_SIGNED)
