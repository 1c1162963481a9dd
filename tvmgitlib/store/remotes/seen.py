"""What a remote branch was when this clone last took it in: a ref of our own, so that Git keeps those objects.

Git's own ref for the branch moves with every fetch, whatever came.
"""

from __future__ import annotations

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.remotes.exchange import Upstream

_SEEN = "refs/tvmgitlib/seen/"


def last_seen(repository: Checkout, source: Upstream) -> str | None:
    """The commit of a remote branch that was taken in last; None where none was, or it is not here any more."""
    return repository.resolve(_ref(source))


def note_seen(repository: Checkout, source: Upstream, commit: str) -> None:
    """Take down what was taken in of a remote branch.

    Raises:
        GitError: it cannot be written.
    """
    if last_seen(repository, source) != commit:
        repository.git.run("update-ref", _ref(source), commit)


def _ref(source: Upstream) -> str:
    return f"{_SEEN}{source.remote}/{source.branch}"
