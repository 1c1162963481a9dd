"""What a lock file says: a library at one commit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tvmgitlib._version import __version__

#: The format of a lock file that this version reads and writes.
LOCK_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Pin:
    """What a lock file says.

    Attributes:
        url: where the library is fetched from; with `--local`, its folder on this machine.
        commit: the commit.
        configs: SHA-256 over the files of configs/ in that commit.
        tool: the version of tvmgitlib that wrote it.
    """

    url: str
    commit: str
    configs: str
    tool: str = __version__

    def to_json(self) -> dict[str, Any]:
        return {
            "format": LOCK_FORMAT,
            "url": self.url,
            "commit": self.commit,
            "configs": self.configs,
            "tvmgitlib": self.tool,
        }

    def to_text(self) -> str:
        """The lock file."""
        return json.dumps(self.to_json(), indent=2) + "\n"
