"""`configs/.fold`: what configs/ was folded from, as text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tvmgitlib.format import schema
from tvmgitlib.model import FORMAT, RecordError, read_json

if TYPE_CHECKING:
    from tvmgitlib.model import Segment

FOLD_FILE = "configs/.fold"


class Tally(Struct, frozen=True):
    """What is counted of segments, so that a lookup knows without reading them what it need not look for.

    Attributes:
        kinds: how many there are of each kind.
        baselines: how many say what an untuned config takes.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    baselines: int = 0

    @classmethod
    def of(cls, segments: Iterable[Segment]) -> Tally:
        """Count segments."""
        kinds: Counter[str] = Counter()
        baselines = 0
        for segment in segments:
            kinds[segment.header.kind] += 1
            baselines += any(entry.task.baseline is not None for entry in segment.tasks)
        return cls(kinds, baselines)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.kinds + other.kinds, self.baselines + other.baselines)

    def __sub__(self, other: Tally) -> Tally:
        return Tally(self.kinds - other.kinds, self.baselines - other.baselines)


class FoldStamp(Struct, frozen=True):
    """`configs/.fold`: what configs/ was folded from.

    Attributes:
        jobs: id of the jobs/ tree; None while there is no job.
        settings: digest of the settings that a fold depends on.
        tally: what was counted of the segments.
    """

    jobs: str | None
    settings: str
    tally: Tally

    def to_bytes(self) -> bytes:
        """The content of the file."""
        document = {"format": FORMAT, "jobs": self.jobs, "settings": self.settings, "kinds": dict(self.tally.kinds)}
        if self.tally.baselines:
            document["baselines"] = self.tally.baselines
        members = (f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in document.items())
        return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def read_stamp(content: bytes, *, proven: bool = False) -> FoldStamp | None:
    """Read `configs/.fold`; None for what is not in a form that we know.

    Args:
        content: the file.
        proven: whether it is known to be right, so that it need not be checked again.
    """
    try:
        document = read_json(content)
        if not proven:
            schema.check(document, "fold")
    except RecordError:
        return None
    tally = Tally(Counter(document["kinds"]), int(document.get("baselines", 0)))
    return FoldStamp(document["jobs"], document["settings"], tally)
