"""A remote's queue: refs that hold a job each, until somebody folds them into the branch.

A push to a ref of its own never loses a race. What is queued is seen by fetching the refs into a corner of this
repository; it leaves the queue in the same push that brings it to the branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.remotes.exchange import FETCH, Pushed, Upstream, failed, push_refs, pushed
from tvmgitlib.store.remotes.outcomes import Outcome
from tvmgitlib.store.remotes.telling import exchange

#: Where the queues of remotes are seen here.
_SEEN = "refs/tvmgitlib/queue/"

#: How `git push --porcelain` says that a ref is there already, with something else.
_THERE = rb"(?m)^!\t\S+\t\[rejected\]"
_FAILED = rb"(?m)^!\t"

_NO_ATOMIC = b"does not support --atomic"


class Queue(Struct, frozen=True):
    """The queue of a remote.

    Attributes:
        remote: which.
        prefix: what its refs begin with: `refs/tvmgitlib/jobs/`.
    """

    remote: str
    prefix: str

    @property
    def is_of_branches(self) -> bool:
        """Whether its refs are branches, which a host starts CI for: their commits stand on the library's branch."""
        return self.prefix.startswith("refs/heads/")

    @property
    def refspec(self) -> str:
        """What a fetch is told, to see what is queued."""
        return f"+{self.prefix}*:{self._seen}*"

    @property
    def _seen(self) -> str:
        return f"{_SEEN}{self.remote}/"

    def ref(self, job: str) -> str:
        """The remote's ref for a job."""
        return self.prefix + job

    def seen(self, repository: Checkout) -> dict[str, str]:
        """The commits that are queued, by job, as of the last fetch or push."""
        listed = repository.git.run("for-each-ref", "--format=%(objectname) %(refname)", self._seen).decode()
        lines = (line.split(" ", 1) for line in listed.splitlines())
        return {ref.removeprefix(self._seen): commit for commit, ref in lines}

    def remember(self, repository: Checkout, queued: Mapping[str, str]) -> None:
        """Take down what was queued from here."""
        self._update(repository, (f"update {self._seen}{job} {commit}" for job, commit in queued.items()))

    def forget(self, repository: Checkout, jobs: Iterable[str]) -> None:
        """Take down that jobs have left the queue."""
        self._update(repository, (f"delete {self._seen}{job}" for job in jobs))

    def _update(self, repository: Checkout, lines: Iterable[str]) -> None:
        told = "".join(f"{line}\n" for line in lines)
        if told:
            repository.git.run("update-ref", "--stdin", stdin=told.encode())


def fetch_queue(repository: Checkout, queue: Queue) -> None:
    """Fetch what is queued, and nothing else; what has left the queue goes here.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses.
    """
    done = exchange(repository.git, "fetching", *FETCH, "--prune", "--", queue.remote, queue.refspec)
    if done.returncode != 0:
        raise failed("fetch", done.stderr, done.returncode)


def push_to_queue(repository: Checkout, queue: Queue, commits: Mapping[str, str]) -> Pushed:
    """Push jobs to the queue. What is queued already, by whomever, stays as it is.

    Args:
        repository: where the commits are.
        queue: the queue.
        commits: the commits to push, by job.

    Raises:
        GitError: the remote refuses for good.
    """
    refspecs = [f"{commit}:{queue.ref(job)}" for job, commit in commits.items()]
    # A server whose branch has moved on does not say which of our commits it has: asked, it need not be sent them all.
    # That takes a connection more, as long as the push itself, and commits that stand alone bring all that they have.
    settings = ["push.negotiate=true"] if queue.is_of_branches else []
    done = exchange(repository.git, "pushing", *push_refs(queue.remote, *settings), *refspecs)
    said = done.stdout + done.stderr
    if done.returncode == 0 or 0 < len(re.findall(_FAILED, said)) == len(re.findall(_THERE, said)):
        return Pushed(Outcome.DONE)
    return pushed(said, done.returncode)


def push_folded(repository: Checkout, source: Upstream, commit: str, queue: Queue, folded: Mapping[str, str]) -> Pushed:
    """Push a commit to the remote branch and take the jobs that it has out of the queue: both or neither.

    Args:
        repository: where the commit is.
        source: the remote branch.
        commit: the commit.
        queue: the remote's queue.
        folded: the commits that leave it, by job; a ref that holds something else by now stays.

    Raises:
        GitError: the remote refuses for good.
    """
    seen = {queue.ref(job): held for job, held in folded.items()}
    leaving = [f":{ref}" for ref in seen]
    branch = f"{commit}:refs/heads/{source.branch}"
    command = push_refs(source.remote, seen=seen, atomic=True)
    done = exchange(repository.git, "pushing", *command, branch, *leaving)
    if done.returncode != 0 and _NO_ATOMIC in done.stderr:
        # The branch first: what is in both is known to whoever folds the queue next, and only leaves it.
        done = exchange(repository.git, "pushing", *push_refs(source.remote), branch)
        if done.returncode == 0:
            done = exchange(repository.git, "pushing", *push_refs(source.remote, seen=seen), *leaving)
    return Pushed(Outcome.DONE) if done.returncode == 0 else pushed(done.stdout + done.stderr, done.returncode)
