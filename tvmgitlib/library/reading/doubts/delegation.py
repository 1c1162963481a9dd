"""Those whom a library names as signers: they count where somebody has signed the list whom the user allows.

A clone remembers the newest list that it has seen, which goes on to count whatever a commit has: whoever may push could
bring back one that still names somebody who was taken out since.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import Final, NamedTuple

from tvmgitlib.store import MOST_OF_SIGNATURE, MOST_OF_SMALL, AllowedSigners, Snapshot, read_small, write_whole

_log = logging.getLogger("tvmgitlib")

#: The list, beside the settings; its signature is beside it.
SIGNERS_FILE: Final = "tvmgitlib.signers"

_SIGNATURE = f"{SIGNERS_FILE}.sig"

#: How the list begins.
_VERSION = rb"# version ([1-9][0-9]{0,8})\n"

#: Between the list and its signature, where both are remembered in one file, so that neither is ever without the other.
_BETWEEN = b"\0"


class _Signers(NamedTuple):
    """A list that was signed: how it is ordered, and what it says."""

    version: int
    text: bytes


def delegates(snapshot: Snapshot, root: AllowedSigners) -> AllowedSigners | None:
    """Those whom a library names as signers, by the newest list that this clone has seen; None where there is none.

    Args:
        snapshot: the library in a commit.
        root: those whom the user allows.

    Raises:
        GitError: ssh-keygen cannot be asked.
        LibraryError: the list is larger than any, or is no plain file.
    """
    text, signature = snapshot.read(SIGNERS_FILE, MOST_OF_SMALL), snapshot.read(_SIGNATURE, MOST_OF_SIGNATURE)
    there = _signed(text, signature, root)
    if text is not None and there is None:
        _log.warning("%s counts for nothing: nobody has signed it whom you allow, or it has no version", SIGNERS_FILE)
    file = snapshot.state / SIGNERS_FILE
    known: _Signers | None = None
    with suppress(OSError):
        known = _signed(*_parts(read_small(file, MOST_OF_SMALL + MOST_OF_SIGNATURE)), root)
    if known is not None and there != known and (there is None or there.version <= known.version):
        if there is not None:
            found = f"version {there.version}" + (" is another one" if there.version == known.version else "")
            _log.warning("%s: %s, and version %d was seen before, which counts", SIGNERS_FILE, found, known.version)
        return AllowedSigners(known.text)
    if there is not None and there != known and text is not None and signature is not None:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, text + _BETWEEN + signature)
    return AllowedSigners(there.text) if there is not None else None


def _parts(remembered: bytes) -> tuple[bytes, bytes]:
    text, _, signature = remembered.partition(_BETWEEN)
    return text, signature


def _signed(text: bytes | None, signature: bytes | None, root: AllowedSigners) -> _Signers | None:
    """A list, where somebody has signed it who may."""
    version = re.match(_VERSION, text or b"")
    if text is None or signature is None or version is None or not root.delegate(text, signature):
        return None
    return _Signers(int(version[1]), text)
