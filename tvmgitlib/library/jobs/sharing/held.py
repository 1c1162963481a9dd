"""What a clone knows of claims: those that its own jobs hold, and when it saw others renewed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tvmgitlib.library.jobs.open_jobs import OpenJob
from tvmgitlib.store import make_state, read_small, write_whole

_HELD = "claim.json"
_SEEN = "claims.json"

#: How large either file may be, in bytes.
_MOST = 1 << 20


class Held(Struct, frozen=True):
    """The claim of an open job of this clone.

    Attributes:
        name: which.
        commit: what it held last, as far as that is known; None for one that is to be made.
        maybe: what it may hold by now: pushes since then may have come through or not.
        is_lost: whether another machine has taken the job over, or somebody has removed the claim.
    """

    name: str
    commit: str | None = None
    maybe: tuple[str, ...] = ()
    is_lost: bool = False

    @classmethod
    def of(cls, job: OpenJob) -> Held | None:
        """That of a job; None where it never had one."""
        told = _read(job.folder / _HELD)
        return cls(**{**told, "maybe": tuple(told["maybe"])}) if told else None

    def note(self, job: OpenJob) -> Held:
        """Take it down, durably enough: what is lost with the machine is the claim's next state only."""
        write_whole(job.folder / _HELD, json.dumps(asdict(self)).encode())
        return self

    def has(self, commit: str | None) -> bool:
        """Whether this is what the job's own pushes made of the claim."""
        return not self.is_lost and commit is not None and commit in (self.commit, *self.maybe)


def forget_held(job: OpenJob) -> None:
    """The job has no claim."""
    (job.folder / _HELD).unlink(missing_ok=True)


class Sighting(Struct, frozen=True):
    """What this clone has seen of a claim of others.

    Attributes:
        commit: what it held last.
        since: since when, by the clock of this machine, as a Unix time.
        has_moved: whether it held something else before: then that is when it was renewed, whatever it says itself.
    """

    commit: str
    since: float
    has_moved: bool = False


def sightings(state: Path, claims: Mapping[str, str], *, whole: bool) -> dict[str, Sighting]:
    """Take down what claims hold now.

    Args:
        state: the library's folder under the common Git directory.
        claims: their commits, by name.
        whole: whether these are all there are: what is known of others is forgotten.

    Returns:
        What is known of each of them.
    """
    now = time.time()
    known = {name: Sighting(**told) for name, told in _read(state / _SEEN).items()}
    seen = {}
    for name, commit in claims.items():
        before = known.get(name)
        if before is None or before.commit != commit or before.since > now:
            before = Sighting(commit, now, before is not None and before.commit != commit)
        seen[name] = before
    kept = seen if whole else {**known, **seen}
    if kept != known:
        make_state(state)
        write_whole(state / _SEEN, json.dumps({name: asdict(sighting) for name, sighting in kept.items()}).encode())
    return seen


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(read_small(path, _MOST)))
    except (OSError, ValueError, TypeError, RecursionError):  # it is none, or damaged: it only spares questions
        return {}
