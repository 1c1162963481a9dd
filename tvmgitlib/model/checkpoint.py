"""What a checkpoint says: where a branch was, and when."""

from __future__ import annotations

import json

from msgspec import Struct
from msgspec.structs import asdict

#: The format of checkpoints that this version reads and writes.
CHECKPOINT_FORMAT = 1


class Checkpoint(Struct, frozen=True):
    """Where a branch was at a moment, as somebody signs it whom others trust.

    Attributes:
        branch: the branch.
        commit: the commit that it was at.
        jobs: SHA-256 over the files of jobs/ in that commit, as a lock file has it.
        time: when, ISO 8601 in UTC.
    """

    branch: str
    commit: str
    jobs: str
    time: str

    def to_text(self) -> str:
        """The document that is signed."""
        return json.dumps({"format": CHECKPOINT_FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


class SignedCheckpoint(Struct, frozen=True):
    """A checkpoint as it stands somewhere: nobody has proven it yet.

    Attributes:
        text: the document.
        signature: an SSH signature of it, with line ends.
    """

    text: str
    signature: str
