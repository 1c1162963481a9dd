"""Checkpoints of a remote's branches: refs beside them, each a commit of its own with a signed document.

What of them is there is seen by fetching into a corner of this repository; what was believed is remembered in another.
"""

from __future__ import annotations

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.remotes.exchange import FETCH, Pushed, Upstream, failed, push_refs, pushed
from tvmgitlib.store.remotes.outcomes import Outcome
from tvmgitlib.store.remotes.telling import exchange

_THERE = "refs/tvmgitlib/checkpoint/"
_FETCHED = "refs/tvmgitlib/checkpoints/"
_BELIEVED = "refs/tvmgitlib/believed/"


def fetch_checkpoint(repository: Checkout, source: Upstream) -> str | None:
    """The commit with the checkpoint of a remote branch, as it is there now; None where there is none.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses.
    """
    refspec = f"+{_THERE}*:{_FETCHED}{source.remote}/*"
    done = exchange(repository.git, "fetching", *FETCH, "--prune", "--", source.remote, refspec)
    if done.returncode != 0:
        raise failed("fetch", done.stderr, done.returncode)
    return repository.resolve(f"{_FETCHED}{source.remote}/{source.branch}")


def push_checkpoint(repository: Checkout, source: Upstream, commit: str, instead_of: str | None) -> Pushed:
    """Put a checkpoint in the place of the one that was seen there.

    Args:
        repository: where the commit is.
        source: the branch.
        commit: the commit with the checkpoint.
        instead_of: the one that was there, as far as is known; one that came since stays.

    Raises:
        GitError: the remote refuses for good.
    """
    ref = f"{_THERE}{source.branch}"
    done = exchange(repository.git, "pushing", *push_refs(source.remote, seen={ref: instead_of}), f"{commit}:{ref}")
    return Pushed(Outcome.DONE) if done.returncode == 0 else pushed(done.stdout + done.stderr, done.returncode)


def believed_checkpoint(repository: Checkout, source: Upstream) -> str | None:
    """The commit with the newest checkpoint of a remote branch that was believed here."""
    return repository.resolve(f"{_BELIEVED}{source.remote}/{source.branch}")


def note_believed(repository: Checkout, source: Upstream, commit: str) -> None:
    """Take down that a checkpoint was believed.

    Raises:
        GitError: it cannot be written.
    """
    if believed_checkpoint(repository, source) != commit:
        repository.git.run("update-ref", f"{_BELIEVED}{source.remote}/{source.branch}", commit)
