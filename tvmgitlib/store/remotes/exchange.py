"""Talking to remotes: URLs that are safe to hand to Git, and fetch and push whose refusals are told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tvmgitlib.errors import GitError
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git.configuration import Configuration
from tvmgitlib.store.git.hardening import NETWORK
from tvmgitlib.store.git.process import failure
from tvmgitlib.store.git.programs import settings_for_exchange
from tvmgitlib.store.repository import Repository

#: What a fetch never does: take tags or submodules along, leave a note, tidy up. What comes is one pack.
FETCH = (
    *("-c", "fetch.unpackLimit=1", "fetch"),
    *("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-gc"),
)

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")

#: What Git prints when the server has commits that we have not seen.
_MOVED = (b"[rejected]", b"non-fast-forward")

#: What Git prints when the server could not move its branch just then: another push was at it.
_BUSY = (b"[remote rejected]", b"cannot lock ref", b"failed to update ref")

#: What Git prints when a push or fetch is refused for good.
_FINAL = (
    b"Permission denied",
    b"Authentication failed",
    b"not found",
    b"does not appear to be a git repository",
    b"hook declined",
    b"protected branch",
    b"not allowed",
    b"could not read Username",
)


class PushOutcome(Enum):
    """What came of a push."""

    DONE = "done"
    MOVED = "moved"  # the remote has something new: fetch, replay, push again
    BUSY = "busy"  # another push was at it: try again
    LOST = "lost"  # the connection broke: try again


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of a push, and what Git said of it."""

    outcome: PushOutcome
    said: str = ""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The remote branch that a local branch follows."""

    remote: str
    branch: str

    @property
    def tracking(self) -> str:
        """The local ref that remembers where the remote branch was last seen."""
        return f"refs/remotes/{self.remote}/{self.branch}"


def check_url(url: str) -> str:
    """A URL that Git cannot take for an option or a command.

    Raises:
        GitError: it begins with a dash, or names a transport helper such as `ext::`.
    """
    if url.startswith("-"):
        raise GitError("a URL that begins with a dash would be taken for an option", file=url)
    if _HELPER.match(url):
        raise GitError(
            "a URL of a transport helper (name::...) can run commands, so it is never used",
            file=url,
            hint="Use https, ssh, git, file or a path.",
        )
    if any(ord(character) < 32 for character in url) or not url:
        raise GitError("not a URL", file=repr(url))
    return url


def clone_repository(url: str, path: Path) -> Repository:
    """Clone a repository.

    Raises:
        GitError: the URL is not safe, the folder is in use, or Git cannot reach it.
    """
    check_url(url)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise GitError("the folder is not empty", file=str(path))
    from tvmgitlib.store.remotes.cloning import clone  # GitPython takes 0.2 s to import, so only where it serves

    clone(_absolute(url), path.absolute())
    repository = Repository.find(path)
    if repository is None:
        raise GitError("git clone left no repository", file=str(path))
    return repository


def _absolute(url: str) -> str:
    """A path as seen from anywhere; other URLs as they are."""
    return str(Path(url).absolute()) if Path(url).exists() else url


def upstream(repository: Checkout) -> Upstream:
    """The remote branch that the current branch follows: as configured, else the same name on `origin`.

    Raises:
        GitError: there is no remote, or the repository's own configuration names programs for talking to it.
    """
    branch = repository.branch().removeprefix("refs/heads/")
    settings = settings_for_exchange(repository.git)
    remote = settings.get(f"branch.{branch}.remote") or "origin"
    merge = settings.get(f"branch.{branch}.merge") or f"refs/heads/{branch}"
    url = settings.get(f"remote.{remote}.url")
    if url is None:
        raise GitError(
            f"the library has no remote called {remote}",
            file=str(repository.root),
            hint=f"Add one: git -C {repository.root} remote add {remote} URL",
        )
    check_url(url)
    return Upstream(remote, merge.removeprefix("refs/heads/"))


def remote_url(repository: Checkout, remote: str = "origin") -> str | None:
    """The URL of a remote, a relative path made absolute; None when there is none."""
    url = Configuration(repository.git).get(f"remote.{remote}.url")
    if url is not None and ":" not in url and (repository.root / url).exists():
        return str((repository.root / url).resolve())
    return url


def fetch(repository: Checkout, source: Upstream) -> str | None:
    """Fetch the remote branch and return its tip; None when the remote has no such branch.

    Raises:
        ConnectionError: the remote cannot be reached now; another try may go through.
        GitError: it refuses for good.
    """
    refspec = f"+refs/heads/{source.branch}:{source.tracking}"
    done = repository.git.try_run(*FETCH, "--", source.remote, refspec, env=NETWORK)
    if done.returncode == 0:
        return repository.resolve(source.tracking)
    if b"couldn't find remote ref" in done.stderr:
        return None
    raise _classified("fetch", done.stderr, done.returncode)


def fetch_refs(repository: Checkout, url: str, *refspecs: str) -> None:
    """Fetch refs from a URL.

    Raises:
        ConnectionError: it cannot be reached now.
        GitError: the URL is not safe, or it refuses for good.
    """
    done = repository.git.try_run(*FETCH, "--", check_url(url), *refspecs, env=NETWORK)
    if done.returncode != 0:
        raise _classified("fetch", done.stderr, done.returncode)


def push(repository: Checkout, source: Upstream, commit: str, branch: str | None = None) -> Pushed:
    """Push a commit to the remote branch, never by force.

    Args:
        repository: where the commit is.
        source: the remote.
        commit: the commit.
        branch: another branch than the upstream's.

    Raises:
        GitError: the remote refuses for good.
    """
    refspec = f"{commit}:refs/heads/{branch or source.branch}"
    done = repository.git.try_run(
        *("push", "--quiet", "--porcelain", "--no-recurse-submodules", "--", source.remote, refspec),
        env=NETWORK,
    )
    if done.returncode == 0:
        return Pushed(PushOutcome.DONE)
    said = done.stdout + done.stderr
    error = failure(["push"], said, done.returncode)
    if any(text in said for text in _FINAL):
        raise error
    if any(text in said for text in _BUSY):
        return Pushed(PushOutcome.BUSY, error.message)
    return Pushed(PushOutcome.MOVED if any(text in said for text in _MOVED) else PushOutcome.LOST, error.message)


def _classified(name: str, said: bytes, status: int) -> Exception:
    error = failure([name], said, status)
    return error if any(text in said for text in _FINAL) else ConnectionError(error.message)
