"""Proving signatures: OpenSSH does it, and no program that any configuration names; of many, a library where it can."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import count
from typing import Final

from tvmgitlib.model import GitError
from tvmgitlib.store.signing.files import written
from tvmgitlib.store.signing.in_process import proves
from tvmgitlib.store.signing.text import NAMESPACE, Key, key_of

#: How ssh-keygen ends when it is asked for what it does not have; what it refuses ends otherwise.
_USAGE: Final = 1

#: So many processes cost what it costs to import what does without: fewer signatures are left to them.
_FEW: Final = 16
_ASKED: Final = count()


def signed_by(content: bytes, signature: bytes, namespace: str = NAMESPACE) -> Key | None:
    """The key that made a signature of a content; None where it is no such signature, whoever made it.

    Args:
        content: what is signed.
        signature: the signature.
        namespace: what it has to be made for.

    Raises:
        GitError: ssh-keygen cannot tell, see `ask`.
    """
    key = key_of(signature)
    if key is None:
        return None
    if next(_ASKED) >= _FEW and proves(content, signature, namespace):
        return key
    said = ask(["check-novalidate", "-n", namespace], content, signature)
    good = f'Good "{namespace}" signature with '
    is_good = said is not None and said.startswith(good) and said.split()[-1] == key.fingerprint
    return key if is_good else None


def ask(arguments: Sequence[str], content: bytes, signature: bytes) -> str | None:
    """What ssh-keygen says of a signature; None where it refuses it.

    Raises:
        GitError: it cannot be run, was killed, or does not know what it is asked; that says nothing of the signature.
    """
    with written("signature", signature) as file:
        command = ["ssh-keygen", "-Y", *arguments, "-s", file]
        try:
            done = subprocess.run(command, input=content, capture_output=True, check=False)
        except FileNotFoundError:
            raise GitError("signatures cannot be verified without ssh-keygen", hint="Install OpenSSH.") from None
        except OSError as error:
            raise GitError(f"signatures cannot be verified: ssh-keygen cannot be run: {error.strerror}") from None
    if done.returncode < 0 or done.returncode == _USAGE:
        how = "does not know how (OpenSSH 8.2 does)" if done.returncode == _USAGE else f"got signal {-done.returncode}"
        raise GitError(f"signatures cannot be verified: ssh-keygen {how}")
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
