"""Refs beside the branch: the whole logs of jobs, one commit a job, which no plain clone or fetch takes along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.durable import sync_ref
from tvmgitlib.store.git import DURABLE, failure
from tvmgitlib.store.landing import writing_objects
from tvmgitlib.store.objects import Draft
from tvmgitlib.store.remotes.exchange import FETCH
from tvmgitlib.store.remotes.telling import exchange

HISTORY = "refs/tvmgitlib/history/"

#: How many refs one `git push` is given: a command line has an end.
_AT_ONCE = 500


def histories(repository: Checkout) -> dict[str, str]:
    """The commits that hold the logs of jobs, by job id."""
    listed = repository.git.run("for-each-ref", "--format=%(objectname) %(refname)", HISTORY).decode()
    return dict(_read_refs(listed))


def write_history(repository: Checkout, job: str, message: str, files: Mapping[str, Path]) -> str:
    """Keep the logs of a job in a commit of their own; what was kept of the job before is replaced.

    Args:
        repository: where.
        job: its id.
        message: the commit's message.
        files: the logs, by their path in the commit; they are read a piece at a time, and must not change any more.

    Raises:
        GitError: Git cannot write.
        OSError: a log cannot be read.
    """
    with writing_objects(repository) as writer:
        commit = writer.write(repository.snapshot(None), Draft(message, files))
        repository.git.run(*DURABLE, "update-ref", HISTORY + job, commit)
        sync_ref(repository.common_dir, HISTORY + job)
    return commit


def push_histories(repository: Checkout, remote: str, jobs: Iterable[str]) -> tuple[str, ...]:
    """Push the histories of some jobs, as far as they are here and not there.

    Returns:
        The jobs whose histories were sent, sorted.

    Raises:
        GitError: the remote cannot be reached, or refuses.
    """
    there = _remote_histories(repository, remote)
    sent = sorted(set(jobs) & (histories(repository).keys() - there))
    left = iter(sent)
    while refs := [f"{HISTORY}{job}:{HISTORY}{job}" for job in islice(left, _AT_ONCE)]:
        _exchange(repository, "pushing histories", "push", "--quiet", "--no-recurse-submodules", "--", remote, *refs)
    return tuple(sent)


def fetch_histories(repository: Checkout, remote: str, jobs: Iterable[str]) -> tuple[str, ...]:
    """Fetch the histories of some jobs, as far as they are there and not here.

    Returns:
        The jobs whose histories were received, sorted.

    Raises:
        GitError: the remote cannot be reached, or refuses.
    """
    there = _remote_histories(repository, remote)
    received = sorted(set(jobs) & (there - histories(repository).keys()))
    if received:
        refspecs = "".join(f"{HISTORY}{job}:{HISTORY}{job}\n" for job in received)
        _exchange(repository, "fetching histories", *FETCH, "--stdin", "--", remote, stdin=refspecs)
    return tuple(received)


def _remote_histories(repository: Checkout, remote: str) -> set[str]:
    listed = _exchange(repository, "", "ls-remote", "--refs", "--quiet", "--", remote, f"{HISTORY}*").replace("\t", " ")
    return {job for job, _ in _read_refs(listed)}


def _read_refs(listed: str) -> Iterator[tuple[str, str]]:
    for line in listed.splitlines():
        commit, _, ref = line.partition(" ")
        yield ref.removeprefix(HISTORY), commit


def _exchange(repository: Checkout, doing: str, *arguments: str, stdin: str = "") -> str:
    done = exchange(repository.git, doing, *arguments, stdin=stdin.encode())
    if done.returncode != 0:
        error = failure(arguments, done.stderr, done.returncode)
        raise GitError(error.message, hint="The branch itself is in step; run tvmgitlib sync --history again.")
    return done.stdout.decode()
