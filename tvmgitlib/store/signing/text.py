"""The text of an SSH signature, which holds the public key that it was made with (OpenSSH's PROTOCOL.sshsig)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from msgspec import Struct

#: What the signatures are for: one that was made for anything else, a commit or a login, is none of a job.
NAMESPACE: Final = "tvmgitlib-job@v1"

#: What signs a list of those who may sign jobs.
SIGNERS_NAMESPACE: Final = "tvmgitlib-signers@v1"

#: What signs where a branch is.
CHECKPOINT_NAMESPACE: Final = "tvmgitlib-checkpoint@v1"

#: How long a signature may be, in bytes: twice the longest that RSA makes.
MOST_OF_SIGNATURE: Final = 16 * 1024

_ARMOR = rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\n?"

#: What every signature begins with: the magic, and the version 1.
_PREAMBLE = b"SSHSIG\0\0\0\1"


class Key(Struct, frozen=True):
    """A public key.

    Attributes:
        blob: as SSH writes it.
    """

    blob: bytes

    @property
    def id(self) -> str:
        """Sixteen hex digits that tell it from others, for names of files."""
        return sha256(self.blob).hexdigest()[:16]

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as ssh-keygen shows it."""
        return f"SHA256:{b64encode(sha256(self.blob).digest()).decode().rstrip('=')}"


def key_of(signature: bytes) -> Key | None:
    """The key that a signature says it was made with; None where it is no signature, or of a certificate."""
    content = unarmored(signature)
    blob = _string(content) if content is not None else None
    kind = _string(blob) if blob is not None else None
    return Key(blob) if blob is not None and kind is not None and b"-cert-" not in kind else None


def unarmored(signature: bytes) -> bytes | None:
    """What the text of a signature stands for, behind magic and version; None where it is not written as usual."""
    armored = re.fullmatch(_ARMOR, signature) if len(signature) <= MOST_OF_SIGNATURE else None
    if armored is None:
        return None
    text = armored[1].replace(b"\n", b"")
    try:
        content = b64decode(text, validate=True)
    except binascii.Error:
        return None
    is_usual = content.startswith(_PREAMBLE) and b64encode(content) == text
    return content.removeprefix(_PREAMBLE) if is_usual else None


def fields(content: bytes) -> list[bytes]:
    """The strings that bytes consist of.

    Raises:
        ValueError: they consist of something else.
    """
    found: list[bytes] = []
    while content:
        string = _string(content)
        if string is None:
            raise ValueError("no string of SSH")
        found.append(string)
        content = content[4 + len(string) :]
    return found


def joined(strings: Iterable[bytes]) -> bytes:
    """The bytes that consist of strings."""
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


def _string(content: bytes) -> bytes | None:
    """The string that bytes begin with: its length in four bytes, and so many bytes."""
    length = int.from_bytes(content[:4], "big")
    return content[4 : 4 + length] if 4 + length <= len(content) else None
