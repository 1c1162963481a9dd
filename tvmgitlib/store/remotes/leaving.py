"""Clones that leave objects with their remote: which of a commit are not here, and how some of them come."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.objects import MOST_OF_SMALL
from tvmgitlib.store.remotes.exchange import FETCH, failed
from tvmgitlib.store.remotes.telling import exchange
from tvmgitlib.store.small import read_small

#: What is left with the remote until it is asked for by its id: the contents of files.
FILTER = "blob:none"

_EVERYTHING_BUT_JOBS = "/*\n!/jobs/\n"


def leaves_objects(repository: Checkout, remote: str) -> bool:
    """Whether the clone leaves file contents, and nothing else, with a remote."""
    asked = repository.git.try_run("config", "--get", f"remote.{remote}.partialclonefilter")
    return asked.stdout.decode(errors="replace").strip() == FILTER


def missing_objects(repository: Checkout, commit: str) -> set[str]:
    """The ids of what a commit's folders name and this clone does not have.

    Raises:
        GitError: Git cannot read them.
    """
    listing = ("rev-list", "--objects", "--no-object-names", "--missing=print", "--no-walk", commit)
    listed = repository.git.run(*listing).decode("ascii").split()
    return {line[1:] for line in listed if line.startswith("?")}


def fetch_objects(repository: Checkout, remote: str, objects: Iterable[str]) -> None:
    """Fetch some objects by their ids: one request, one pack.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses, or gives away nothing by its id.
    """
    wanted = "".join(f"{oid}\n" for oid in sorted(objects))
    if not wanted:
        return
    # What is here tells the remote nothing of what is wanted: it is not asked what both have.
    asking = ("-c", "fetch.negotiationAlgorithm=noop", *FETCH, f"--filter={FILTER}", "--stdin", "--", remote)
    done = exchange(repository.git, "fetching", *asking, stdin=wanted.encode())
    if done.returncode != 0:
        raise failed("fetch", done.stderr, done.returncode)


def leave_out_jobs(repository: Checkout) -> None:
    """Have the work tree hold no file of jobs/, from the next checkout on.

    Raises:
        GitError: the configuration cannot be changed.
    """
    patterns = _patterns(repository)
    try:
        patterns.parent.mkdir(exist_ok=True)
        patterns.write_text(_EVERYTHING_BUT_JOBS)
    except OSError as error:
        raise GitError(f"cannot be written: {error.strerror}", file=str(patterns)) from None
    repository.git.run("config", "core.sparseCheckout", "true")


def leaves_out_jobs(repository: Checkout) -> bool:
    """Whether the work tree, by that, holds no file of jobs/."""
    try:
        return read_small(_patterns(repository), MOST_OF_SMALL) == _EVERYTHING_BUT_JOBS.encode()
    except OSError:
        return False


def _patterns(repository: Checkout) -> Path:
    return repository.git_dir / "info" / "sparse-checkout"
