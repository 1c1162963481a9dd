"""Where refs are."""

from __future__ import annotations

from tvmgitlib.store.checkout import Checkout


def tips(repository: Checkout, prefix: str) -> dict[str, str]:
    """The refs whose full names begin like that: the commit of each, by its full name."""
    listed = repository.git.run("for-each-ref", "--format=%(objectname) %(refname)", prefix)
    pairs = (line.split(" ", 1) for line in listed.decode(errors="surrogateescape").splitlines())
    return {ref: commit for commit, ref in pairs}
