"""Renewing a claim while a job is open, beside whatever tunes."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread

from tvmgitlib.library.jobs.open_jobs import OpenJob, OpenJobs
from tvmgitlib.library.jobs.sharing.renewing import lost, renew
from tvmgitlib.library.jobs.sharing.shared_job import State
from tvmgitlib.model import TvmgitlibError
from tvmgitlib.store import Repository

_log = logging.getLogger("tvmgitlib")

#: How long the end of a job waits for a renewal that is under way, in seconds.
_PARTING = 30.0

#: How often is looked whether a job is over, in seconds.
_LOOK = 1.0


class Heartbeat:
    """Renews the claim of a job every so often. It never fails: what goes wrong is said once, and tried again.

    Args:
        repository: the library's.
        job: the job, which is shared.
    """

    def __init__(self, repository: Repository, job: OpenJob) -> None:
        assert job.spec.share is not None  # it is shared
        self._repository = repository
        self._id = job.id
        self._interval = job.spec.share
        self._has_failed = False
        self._over = Event()
        self._thread = Thread(target=self._run, name=f"tvmgitlib share {job.id}", daemon=True)

    def start(self) -> Heartbeat:
        """Renew it from now on, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self, state: State | None = None) -> None:
        """Renew it no more; with a state once more, to say that."""
        self._over.set()
        self._thread.join(_PARTING)
        if state is not None:
            self.beat(state)

    def _run(self) -> None:
        while not self._over.wait(self._interval) and self.beat():
            pass

    def watch(self) -> None:
        """Renew it in this thread, until the job is over.

        Raises:
            TakenError: the claim is another machine's, or was removed.
        """
        while (job := self._job()) is not None:
            if not self.beat() and self._job() is not None:
                raise lost(job)
            again = time.monotonic() + self._interval
            while time.monotonic() < again and self._job() is not None:
                time.sleep(min(self._interval, _LOOK))

    def _job(self) -> OpenJob | None:
        return next((job for job in OpenJobs(self._repository.state).all() if job.id == self._id), None)

    def beat(self, state: State = "open") -> bool:
        """Renew it once; whether there is anything left to be renewed."""
        job = self._job()
        if job is None:
            return False
        try:
            is_ours = renew(self._repository, job, state)
        except (ConnectionError, TvmgitlibError, OSError) as error:
            if not self._has_failed and not self._over.is_set():
                _log.warning("other machines cannot be told how far job %s is (it goes on): %s", job.id, error)
            self._has_failed = True
            return True
        self._has_failed = False
        if not is_ours:
            _log.warning(
                "another machine has taken job %s over, or its claim was removed: it goes on here, shared with nobody, "
                "and is committed under an id of its own",
                job.id,
            )
        return is_ours
