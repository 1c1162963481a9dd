"""A library as it would be with the jobs of its remote's queue: for reading, and nothing of it is kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import islice

from tvmgitlib.library.changes.sharing.exchange import settings_of
from tvmgitlib.library.changes.sharing.needed import only_builds
from tvmgitlib.library.changes.sharing.queueing import AT_ONCE, take_in
from tvmgitlib.library.view import View
from tvmgitlib.model import GitError, LibraryError
from tvmgitlib.store import Queue, Repository, fetch_queue, upstream

_log = logging.getLogger("tvmgitlib")


def with_queued(view: View) -> View:
    """The library with what waits in the queue now, each job verified as for the branch; what is not sound is named.

    Raises:
        LibraryError: the library is fixed at a commit; or this clone has only what builds need.
        GitError: there is no remote, or it cannot be reached.
    """
    repository = view.writable
    source = upstream(repository)
    if only_builds(repository, source.remote):
        raise LibraryError(
            "this clone has only what builds need, and cannot fold the jobs of a queue",
            file=str(view.path),
            hint="Clone the library without --filtered.",
        )
    queue = Queue(source.remote, settings_of(repository).queue_refs)
    try:
        fetch_queue(repository, queue)
    except ConnectionError as error:
        raise GitError(f"the queue of {source.remote} cannot be seen: {error}", hint="Try again.") from None
    aside = repository.aside()
    return View(aside, _taken(aside, view.commit, queue.seen(repository)))


def _taken(aside: Repository, tip: str, queued: Mapping[str, str]) -> str:
    """The commit, written beside the repository, that has the queued jobs on top of a tip."""
    left = iter(sorted(queued.items()))
    with aside.writer(signs=False) as writer:
        while some := dict(islice(left, AT_ONCE)):
            taken = take_in(aside, writer, tip, some)
            tip = taken.tip
            for job, why in taken.refused.items():
                _log.warning("the queued job %s is left out: %s", job, why)
    return tip
