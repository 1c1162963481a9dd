"""Claims of jobs on the remote: what others have open, and whether that may be taken over.

A claim is a ref that is made only where there is none, and moved only by who knows what it holds. It is advice: no job
needs it to be committed, and it may be removed at any time.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from tvmgitlib.library.jobs.sharing.held import Sighting, sightings
from tvmgitlib.library.jobs.sharing.shared_job import SharedJob, read_shared
from tvmgitlib.model import (
    GitError,
    JobError,
    JobSpec,
    TakenError,
    TvmgitlibError,
    canonical_json,
    parse_target,
    plain_line,
    rough,
    typed,
    utc_text,
)
from tvmgitlib.store import CLAIMS, Repository, fetch_claims, remote_name

_log = logging.getLogger("tvmgitlib")

#: How many renewals may be missing before others may take a job over.
PATIENCE: Final = 3

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,39}[a-z0-9])?-[0-9a-f]{12}"


class Claim(Struct, frozen=True):
    """A job that is open somewhere, as the remote has it.

    Attributes:
        name: of the claim, below refs/tvmgitlib/wip/.
        commit: what it holds.
        shared: what that says of the job.
        age: for how many seconds it has not been renewed.
    """

    name: str
    commit: str
    shared: SharedJob
    age: float

    @property
    def is_free(self) -> bool:
        """Whether others may go on with the job: it was left, or too many renewals are missing."""
        return self.shared.state == "left" or self.age > PATIENCE * self.shared.interval

    @property
    def key(self) -> str:
        """What the job is for."""
        return str(self.shared.job.spec.key)

    def to_json(self) -> dict[str, Any]:
        job = self.shared.job
        return {
            "claim": self.name,
            "key": self.key,
            "job": job.id,
            "machine": self.shared.machine,
            "author": job.author,
            "target": job.spec.target,
            "platform": job.spec.platform_name,
            "started": job.started,
            "renewed": utc_text(self.shared.renewed.timestamp()),
            "interval": self.shared.interval,
            "age": round(self.age, 3),
            "state": self.shared.state,
            "stale": self.is_free,
            "trials": self.shared.trials,
        }

    def taken(self) -> TakenError:
        """The error for whoever wants the same job."""
        left = max(PATIENCE * self.shared.interval - self.age, 0.0)
        return TakenError(
            f"{plain_line(self.key)} is being tuned on {plain_line(self.shared.machine)}, as job {self.shared.job.id}, "
            f"which said so {rough(self.age)} ago",
            hint=f"Try again later. If nothing more comes of it, it can be taken over in {rough(left)}.",
        )


def claim_name(spec: JobSpec) -> str:
    """The name of the claim of a job: the same on every machine for what is the same to tune.

    Raises:
        JobError: nothing says what the job is for.
    """
    if spec.key is None:
        raise JobError(
            "a job that is shared needs a key, which other machines know it by",
            hint='Name what it is for: --key NAME on the command line, key="NAME" in Python.',
        )
    given = parse_target(spec.target) if spec.target is not None else None
    what = [
        spec.kind,
        spec.key,
        [given.target.key, given.target.limits_text] if given is not None else None,
        (given.model if given is not None else None) or spec.platform_name,
        spec.facts,
        list(spec.tvm.group) if spec.tvm is not None else None,
    ]
    readable = re.sub(r"[^a-z0-9]+", "-", spec.key.lower())[:40].strip("-") or "job"
    return f"{readable}-{hashlib.sha256(canonical_json(what).encode()).hexdigest()[:12]}"


class Claims:
    """The claims of the remote of a library.

    Args:
        repository: the library's.

    Raises:
        GitError: there is no remote.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.remote = remote_name(repository)

    def all(self) -> list[Claim]:
        """Those that there are now, oldest job first; what is no open job is named, and left out.

        Raises:
            GitError: the remote cannot be reached, or refuses.
        """
        found, seen = self._fetch("")
        good = []
        for name, commit in found.items():
            try:
                good.append(self._read(name, commit, seen))
            except TvmgitlibError as error:
                _log.warning("%s of %s is no open job, and is left out: %s", CLAIMS + name, self.remote, error)
        return sorted(good, key=lambda claim: (claim.shared.job.started, claim.name))

    def find(self, name: str) -> Claim | None:
        """One of them, as it is now; None where there is none.

        Raises:
            GitError: the remote cannot be reached, or refuses.
            TvmgitlibError: what it holds is no job.
        """
        found, seen = self._fetch(name)
        try:
            return self._read(name, found[name], seen) if name in found else None
        except TvmgitlibError as error:
            ref = CLAIMS + name
            message = f"{self.remote} holds something in {ref} that is no open job: {error.message}"
            hint = "Whoever may can remove it: " + typed("git", "push", self.remote, f":{ref}")
            raise JobError(message, file=error.file, field=error.field, hint=hint) from None

    def commit(self, name: str) -> str | None:
        """What one of them holds now, whatever that is; None where there is none.

        Raises:
            ConnectionError: the remote cannot be reached now.
            GitError: it refuses.
        """
        return fetch_claims(self._repository, self.remote, name).get(name)

    def _fetch(self, name: str) -> tuple[dict[str, str], dict[str, Sighting]]:
        try:
            found = fetch_claims(self._repository, self.remote, name)
        except ConnectionError as error:
            raise GitError(
                f"{self.remote} cannot be asked who has which job open: {error}",
                hint="Try again; or leave --share out, and tune without asking.",
            ) from None
        known = {name: commit for name, commit in found.items() if re.fullmatch(_NAME, name)}
        return found, sightings(self._repository.state, known, whole=not name)

    def _read(self, name: str, commit: str, seen: Mapping[str, Sighting]) -> Claim:
        if name not in seen:
            raise JobError("a claim has another name")
        with self._repository.snapshot(commit) as snapshot:
            shared = read_shared(snapshot)
        if claim_name(shared.job.spec) != name:
            raise JobError(f"it is the job of another claim, {claim_name(shared.job.spec)}")
        return Claim(name, commit, shared, _age(shared, seen[name]))


def _age(shared: SharedJob, seen: Sighting) -> float:
    """For how long a claim has not been renewed, in seconds.

    Where this clone has seen it renewed, that says it, by one clock. Else the renewal's own time does, by two clocks
    that are taken to agree to within a renewal or two; and it is no younger than what this clone has seen of it.
    """
    now = time.time()
    here = now - seen.since
    if seen.has_moved:
        return here
    return max(here, now - shared.renewed.timestamp())
