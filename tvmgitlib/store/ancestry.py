"""How commits descend from each other."""

from __future__ import annotations

from msgspec import Struct

from tvmgitlib.model import GitError, MissingError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.small import read_small

#: Git's list of the commits at which a shallow clone ends.
_CUTS = "shallow"

#: How large that may be, in bytes.
_MOST_OF_CUTS = 1 << 28

#: How many commits are read one after the other, which is quicker than a process of Git's.
_FEW = 16


def few_since(repository: Checkout, commit: str, tip: str) -> list[str] | None:
    """The commits that made one out of an earlier one, oldest first; None where they are many, or stand in no line,
    as where the one does not come of the other.
    """
    line = [tip]
    while line[-1] != commit:
        try:
            parents = repository.commit_at(line[-1]).parents if len(line) <= _FEW else ()
        except MissingError:
            return None
        if len(parents) != 1:
            return None
        line.extend(parents)
    return line[-2::-1]


def is_ancestor(repository: Checkout, commit: str, tip: str) -> bool:
    """Whether a commit is another one, or in its history."""
    return repository.git.try_run("merge-base", "--is-ancestor", commit, tip).returncode == 0


def has_merges(repository: Checkout, since: str, tip: str) -> bool:
    """Whether there is a merge in the history of a commit that is not in that of an earlier one."""
    found = repository.git.run("rev-list", "--min-parents=2", "--max-count=1", f"^{since}", tip)
    return bool(found.strip())


def merge_base(repository: Checkout, one: str, other: str) -> str | None:
    """The best common ancestor of two commits; None when they have none.

    Raises:
        GitError: none is here, because history is cut off.
    """
    found = repository.git.try_run("merge-base", one, other)
    if found.returncode == 0:
        return found.stdout.decode().split()[0]
    for tip in (one, other):
        require_whole(repository, tip, "where the two sides parted cannot be seen")
    return None


class Divergence(Struct, frozen=True):
    """What one line of history has that another has not.

    Attributes:
        ahead: its own commits that are no merges, oldest first.
        has_merges: whether it has merges of its own beside them.
        is_behind: whether the other one has commits of its own, too.
    """

    ahead: tuple[str, ...]
    has_merges: bool
    is_behind: bool


def divergence(repository: Checkout, tip: str, other: str) -> Divergence:
    """How the history of a commit differs from that of another one.

    Raises:
        GitError: one of them is not here, or where they parted is not, because history is cut off.
    """
    if (repository.common_dir / _CUTS).exists():
        merge_base(repository, tip, other)
    options = ("--reverse", "--topo-order", "--parents", "--left-right")
    listed = repository.git.run("rev-list", *options, f"{other}...{tip}").decode()
    lines = [line.split() for line in listed.splitlines()]
    own = [(commit.lstrip(">"), len(parents)) for commit, *parents in lines if commit.startswith(">")]
    return Divergence(
        ahead=tuple(commit for commit, parents in own if parents < 2),
        has_merges=any(parents > 1 for _, parents in own),
        is_behind=len(own) < len(lines),
    )


def history_cuts(repository: Checkout, commit: str | None) -> tuple[str, ...]:
    """The commits at which the history of a commit is cut off, because their parents are not in this (shallow) clone.

    Git takes such a commit for the first of all, which adds everything that is there.

    Raises:
        GitError: the list of them cannot be read.
    """
    try:
        content = read_small(repository.common_dir / _CUTS, _MOST_OF_CUTS)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise GitError(error.strerror or "it cannot be read", file=error.filename) from None
    listed = set(content.decode(errors="replace").split())
    if not listed or commit is None:
        return ()
    first = repository.git.run("rev-list", "--max-parents=0", commit).decode().split()
    return tuple(root for root in first if root in listed)


def require_whole(repository: Checkout, commit: str | None, consequence: str) -> None:
    """Make sure that the whole history of a commit is here.

    Args:
        repository: where.
        commit: the commit.
        consequence: what cannot be done where it is not.

    Raises:
        GitError: it is cut off.
    """
    cuts = history_cuts(repository, commit)
    if cuts:
        raise GitError(
            f"history is cut off at {cuts[0][:12]} (a shallow clone), so {consequence}",
            file=str(repository.root),
            hint="git fetch --unshallow brings the rest of it.",
        )
