"""Proving signatures: OpenSSH does it, and no program that any configuration names."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from tempfile import NamedTemporaryFile

from tvmgitlib.errors import GitError
from tvmgitlib.store.signing.text import NAMESPACE, Key, key_of


def signed_by(content: bytes, signature: bytes, namespace: str = NAMESPACE) -> Key | None:
    """The key that made a signature of a content; None where it is no such signature, whoever made it.

    Args:
        content: what is signed.
        signature: the signature.
        namespace: what it has to be made for.

    Raises:
        GitError: OpenSSH is not installed.
    """
    key = key_of(signature)
    if key is None:
        return None
    said = ask(["check-novalidate", "-n", namespace], content, signature)
    good = f'Good "{namespace}" signature with '
    is_good = said is not None and said.startswith(good) and said.split()[-1] == key.fingerprint
    return key if is_good else None


def ask(arguments: Sequence[str], content: bytes, signature: bytes) -> str | None:
    """What ssh-keygen says of a signature; None where it refuses it."""
    with NamedTemporaryFile(prefix="tvmgitlib-", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        command = ["ssh-keygen", "-Y", *arguments, "-s", file.name]
        try:
            done = subprocess.run(command, input=content, capture_output=True, check=False)
        except FileNotFoundError:
            raise GitError("signatures cannot be verified without ssh-keygen", hint="Install OpenSSH.") from None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
