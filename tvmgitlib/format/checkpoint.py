"""Reading a checkpoint. What is written is `Checkpoint.to_text`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tvmgitlib.format import schema
from tvmgitlib.model import Checkpoint, RecordError, read_json, read_utc

#: The document in a checkpoint's commit; its signature is beside it.
CHECKPOINT_FILE: Final = "checkpoint.json"


def read_checkpoint(content: bytes) -> tuple[Checkpoint, datetime]:
    """Read a checkpoint, and when it was made.

    Raises:
        RecordError: it is malformed.
    """
    document = read_json(content)
    schema.check(document, "checkpoint")
    found = Checkpoint(document["branch"], document["commit"], document["jobs"], document["time"])
    try:
        return found, read_utc(found.time)
    except ValueError:
        raise RecordError(f"{found.time} is no time", field="time") from None
