"""What every exchange with a remote shares: what it gave, how long it is tried, and what is on either side."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from tvmgitlib.library.reading import Contents
from tvmgitlib.model import GitError, Settings
from tvmgitlib.store import Repository, Upstream

#: How long to go on while the remote moves or cannot be reached, in seconds.
_PATIENCE = 120.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0


class Synced(Struct, frozen=True):
    """What was exchanged with the remote.

    Attributes:
        remote, branch: with which.
        commit: the commit that both have now (with `propose`: the commit that was pushed).
        sent: ids of the jobs that the remote has now and had not before.
        received: ids of the jobs that came from it.
        tries: how many pushes or fetches it took.
        left_alone: files of the work tree that stay as the user changed them.
        queued: ids of the jobs of this library that wait in the remote's queue now: the setting `push` says so, or
            others were faster than three pushes.
        folded: ids of the jobs that were in the queue, and are on the branch now.
        refused: jobs of the queue that cannot be taken, each with why; they stay there.
        dropped: ids of jobs that the remote no longer has, though this clone has seen them there, and that are gone
            from here too: only where that was accepted.
        checkpoint: when the checkpoint was made that is beside the branch now, where that was asked for.
        histories_sent, histories_received: ids of the jobs whose whole logs were exchanged, where that was asked for.
    """

    remote: str
    branch: str
    commit: str
    sent: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    tries: int = 1
    left_alone: tuple[str, ...] = ()
    queued: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    checkpoint: str | None = None
    histories_sent: tuple[str, ...] = ()
    histories_received: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def settings_of(repository: Repository) -> Settings:
    """The settings of the library as it is checked out."""
    with repository.snapshot(repository.head) as snapshot:
        return Contents(snapshot).settings


def head_of(repository: Repository) -> str:
    """The commit of the branch."""
    head = repository.head
    assert head is not None  # a library has a commit
    return head


class Try(Struct):
    """One of several tries: which, and why the one before failed."""

    number: int
    last: str = ""


def attempts(source: Upstream) -> Iterator[Try]:
    """Tries with growing pauses, until patience ends.

    Raises:
        GitError: then, with the reason of the last failure.
    """
    start, attempt = time.monotonic(), Try(0)
    while True:
        attempt.number += 1
        yield attempt
        if time.monotonic() - start > _PATIENCE:
            raise GitError(
                f"no exchange with {source.remote} for {_PATIENCE:.0f} seconds: {attempt.last}",
                hint="Every job is committed here; tvmgitlib sync sends them later.",
            )
        time.sleep(random.uniform(0.5, 1) * min(_FIRST_PAUSE * 1.5**attempt.number, _LONGEST_PAUSE))
