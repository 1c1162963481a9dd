"""Reading a lock file. What is written is `Pin.to_text`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvmgitlib.format import schema
from tvmgitlib.model import read_json

if TYPE_CHECKING:
    from tvmgitlib.model import Pin

LOCK_FILE = "tvmgitlib.lock"


def read_lock(content: bytes) -> Pin:
    """Read a lock file.

    Raises:
        RecordError: it is malformed.
    """
    from tvmgitlib.model import Pin, Terms

    document = read_json(content)
    schema.check(document, "lock")
    signers = document.get("signers")
    return Pin(
        document["url"],
        document["commit"],
        document["configs"],
        document["tvmgitlib"],
        document.get("jobs"),
        Terms(document.get("trust", "any"), None if signers is None else tuple(signers)),
    )
