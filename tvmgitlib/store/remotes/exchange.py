"""Talking to remotes: URLs that are safe to hand to Git, and fetch and push whose refusals are told apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from tvmgitlib.model import GitError, NoRemoteError, tell_progress, typed
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import LONGEST, Configuration, failure, settings_for_exchange, without_credentials
from tvmgitlib.store.remotes.outcomes import Outcome, outcome_of, way_out
from tvmgitlib.store.remotes.telling import exchange
from tvmgitlib.store.repository import Repository

#: What a fetch never does: take tags or submodules along, leave a note, tidy up. What comes is one pack.
FETCH = (
    *("-c", "fetch.unpackLimit=1", "fetch"),
    *("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-gc"),
)

#: The variable with the URL of a remote, whose name may hold anything.
_URL = r"(?s)remote\..+\.url"

_HELPER = r"[A-Za-z0-9][A-Za-z0-9+.-]*::"


class Pushed(Struct, frozen=True):
    """What came of a push that was not refused, and what Git said of it."""

    outcome: Outcome
    said: str = ""


class Upstream(Struct, frozen=True):
    """The remote branch that a local branch follows.

    Attributes:
        remote, branch: which.
        chosen: whether Git is configured so; else it is what follows from the names.
    """

    remote: str
    branch: str
    chosen: bool = True

    @property
    def tracking(self) -> str:
        """The local ref that remembers where the remote branch was last seen."""
        return f"refs/remotes/{self.remote}/{self.branch}"


def check_url(url: str) -> str:
    """A URL that Git cannot take for an option or a command.

    Raises:
        GitError: it is longer than any, begins with a dash, or names a transport helper such as `ext::`.
    """
    if len(url) > LONGEST:
        raise GitError(f"a URL of {len(url):,} characters: {LONGEST:,} are the most", file=f"{url[:40]}...")
    if url.startswith("-"):
        raise GitError("a URL that begins with a dash would be taken for an option", file=without_credentials(url))
    if re.match(_HELPER, url):
        raise GitError(
            "a URL of a transport helper (name::...) can run commands, so it is never used",
            file=without_credentials(url),
            hint="Use https, ssh, git, file or a path.",
        )
    if any(ord(character) < 32 for character in url) or not url:
        raise GitError("not a URL", file=repr(without_credentials(url)))
    return url


def clone_repository(url: str, path: Path, latest: str | None = None) -> Repository:
    """Clone a repository; nothing is checked out.

    Args:
        url: where it is.
        path: the folder to make.
        latest: of every branch take only the latest commit, without what this filter of Git's leaves out; None for all
            of it.

    Raises:
        GitError: the URL is not safe, the folder is in use, or Git cannot reach it.
    """
    check_url(url)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise GitError("the folder is not empty", file=str(path))
    from tvmgitlib.store.remotes.cloning import clone  # GitPython takes 0.2 s to import, so only where it serves

    part = {"depth": 1, "no_single_branch": True, "filter": latest, "no_local": True}
    clone(_absolute(url), path.absolute(), no_checkout=True, **(part if latest else {}))
    repository = Repository.find(path)
    if repository is None:
        raise GitError("git clone left no repository", file=str(path))
    return repository


def _absolute(url: str) -> str:
    """A path as seen from anywhere; other URLs as they are."""
    return str(Path(url).absolute()) if Path(url).exists() else url


def upstream(repository: Checkout) -> Upstream:
    """The remote branch that the current branch follows: as configured, else the one of its name on `remote_name`.

    Raises:
        GitError: there is no remote, or the repository's own configuration names programs for talking to it.
    """
    branch = repository.branch().removeprefix("refs/heads/")
    settings = settings_for_exchange(repository.git)
    remote = _remote(repository, settings)
    merge = settings.get(f"branch.{branch}.merge")
    chosen = merge is not None and f"branch.{branch}.remote" in settings
    return Upstream(remote, (merge or f"refs/heads/{branch}").removeprefix("refs/heads/"), chosen)


def remote_name(repository: Checkout) -> str:
    """The remote of what is checked out: the branch's, else `origin`, else the only one there is.

    Raises:
        GitError: there is no remote, or none of that name, or its URL is not safe; or the repository's own
            configuration names programs for talking to it.
    """
    return _remote(repository, settings_for_exchange(repository.git))


def _remote(repository: Checkout, settings: Mapping[str, str]) -> str:
    branch = (repository.checked_out or "").removeprefix("refs/heads/")
    remotes = [name.removeprefix("remote.").removesuffix(".url") for name in settings if re.fullmatch(_URL, name)]
    remote = settings.get(f"branch.{branch}.remote") or (remotes[0] if len(remotes) == 1 else "origin")
    url = settings.get(f"remote.{remote}.url")
    if url is None:
        name = without_credentials(remote)
        raise NoRemoteError(
            f"the library has no remote called {name}",
            file=str(repository.root),
            hint="Add one: " + typed("git", "-C", repository.root, "remote", "add", name, "URL"),
        )
    check_url(url)
    return remote


def public_url(repository: Checkout, remote: str) -> str | None:
    """The URL of a remote for others: a relative path made absolute, no credentials; None when there is none."""
    url = Configuration(repository.git).get(f"remote.{remote}.url")
    if url is not None and ":" not in url and (repository.root / url).exists():
        return str((repository.root / url).resolve())
    return without_credentials(url) if url is not None else None


def fetch(repository: Checkout, source: Upstream, *also: str) -> str | None:
    """Fetch the remote branch and return its tip; None when the remote has no such branch.

    Args:
        repository: where to.
        source: the branch.
        also: patterns of other refs to fetch; what is gone there goes here.

    Raises:
        ConnectionError: the remote cannot be reached now; another try may go through.
        GitError: it refuses for good.
    """
    refspec = f"+refs/heads/{source.branch}:{source.tracking}"
    tell_progress("fetching", f"fetching {source.branch} from {source.remote}")
    options = ["--prune"] if also else []
    done = exchange(repository.git, "fetching", *FETCH, *options, "--", source.remote, refspec, *also)
    if done.returncode == 0:
        return repository.resolve(source.tracking)
    if b"couldn't find remote ref" in done.stderr:
        return None
    raise failed("fetch", done.stderr, done.returncode)


def fetch_refs(repository: Checkout, url: str, *refspecs: str) -> None:
    """Fetch refs from a URL.

    Raises:
        ConnectionError: it cannot be reached now.
        GitError: the URL is not safe, or it refuses for good.
    """
    done = exchange(repository.git, "fetching", *FETCH, "--update-shallow", "--", check_url(url), *refspecs)
    if done.returncode != 0:
        raise failed("fetch", done.stderr, done.returncode)


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
    tell_progress("pushing", f"pushing {branch or source.branch} to {source.remote}")
    done = exchange(repository.git, "pushing", *push_refs(source.remote), refspec)
    if done.returncode == 0:
        return Pushed(Outcome.DONE)
    return pushed(done.stdout + done.stderr, done.returncode, proposal=branch is not None)


def push_refs(
    remote: str,
    *settings: str,
    seen: Mapping[str, str | None] = MappingProxyType({}),
    atomic: bool = False,
) -> tuple[str, ...]:
    """The command that pushes refspecs to a remote, which follow it.

    Args:
        remote: which.
        settings: of Git, for this call.
        seen: what refs of the remote have to hold, so that they may be moved or removed; None for one that must not be
            there.
        atomic: whether all of the refs move, or none.
    """
    chosen = (part for setting in settings for part in ("-c", setting))
    leases = (f"--force-with-lease={ref}:{held or ''}" for ref, held in seen.items())
    whole = ("--atomic",) if atomic else ()
    return (*chosen, "push", "--quiet", "--porcelain", "--no-recurse-submodules", *whole, *leases, "--", remote)


def pushed(said: bytes, status: int, *, proposal: bool = False) -> Pushed:
    """What came of a push that failed.

    Args:
        said: what Git printed.
        status: its exit status.
        proposal: whether it was a branch of one's own that was pushed.

    Raises:
        GitError: the remote refuses for good.
    """
    outcome = outcome_of(said, status)
    error = failure(["push"], said, status)
    if outcome is Outcome.REFUSED:
        raise GitError(error.message, hint=way_out(said, proposal=proposal))
    return Pushed(outcome, error.message)


def failed(name: str, said: bytes, status: int) -> Exception:
    """The error for an exchange that failed: a `ConnectionError` where another try may go through, else a `GitError`.

    Args:
        name: the Git command.
        said: what it printed.
        status: its exit status.
    """
    error = failure([name], said, status)
    refused = outcome_of(said, status) is Outcome.REFUSED
    return GitError(error.message, hint=way_out(said)) if refused else ConnectionError(error.message)
