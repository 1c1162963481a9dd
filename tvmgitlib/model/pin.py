"""What a lock file says: a library at one commit, and whose jobs a build of it believes."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib._version import __version__
from tvmgitlib.model.checkpoint import SignedCheckpoint
from tvmgitlib.model.settings import NO_TERMS, Terms

#: The format of a lock file that this version reads and writes.
LOCK_FORMAT = 1


class Pin(Struct, frozen=True):
    """What a lock file says.

    Attributes:
        url: where the library is fetched from; with `--local`, its folder on this machine.
        commit: the commit.
        configs: SHA-256 over the files of configs/ in that commit.
        tool: the version of tvmgitlib that wrote it.
        jobs: the same over the files of jobs/; None where who pinned it had not all of them, and in older locks.
        terms: whose jobs a build of it believes.
        checkpoint: what says how old the commit is, where whoever pinned it asked for that.
    """

    url: str
    commit: str
    configs: str
    tool: str = __version__
    jobs: str | None = None
    terms: Terms = NO_TERMS
    checkpoint: SignedCheckpoint | None = None

    def to_json(self) -> dict[str, Any]:
        """The lock file's document; what says nothing is left out, for versions that do not know it."""
        return {
            "format": LOCK_FORMAT,
            "url": self.url,
            "commit": self.commit,
            "configs": self.configs,
            **({"jobs": self.jobs} if self.jobs is not None else {}),
            **({"trust": self.terms.trust} if self.terms.trust != "any" else {}),
            **({"signers": list(self.terms.signers)} if self.terms.signers is not None else {}),
            **({"checkpoint": asdict(self.checkpoint)} if self.checkpoint is not None else {}),
            "tvmgitlib": self.tool,
        }

    def to_text(self) -> str:
        """The lock file."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
