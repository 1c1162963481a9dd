"""Branches of a remote: which there are, which of them has a commit, and following one."""

from __future__ import annotations

from tvmgitlib.store.ancestry import is_ancestor
from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import NETWORK, configure, failure
from tvmgitlib.store.objects import Expanse
from tvmgitlib.store.remotes.exchange import FETCH, Upstream, failed
from tvmgitlib.store.remotes.telling import exchange
from tvmgitlib.store.tips import tips


def tracked_branches(repository: Checkout, remote: str) -> dict[str, str]:
    """The branches of a remote as they were last seen: the tip of each, by name."""
    prefix = f"refs/remotes/{remote}/"
    return {ref.removeprefix(prefix): tip for ref, tip in tips(repository, prefix).items() if ref != f"{prefix}HEAD"}


def remote_has(repository: Checkout, remote: str, commit: str) -> bool:
    """Whether a branch of a remote has a commit, by what the remote says now.

    Raises:
        ConnectionError: it cannot be reached now.
        GitError: it refuses.
    """
    arguments = ("ls-remote", "--quiet", "--heads", "--", remote)
    asked = repository.git.try_run(*arguments, env=NETWORK)
    if asked.returncode != 0:
        raise failed("ls-remote", asked.stderr, asked.returncode)
    tips = {line.split("\t")[0] for line in asked.stdout.decode(errors="replace").splitlines()}
    if commit in tips:
        return True
    if any(repository.resolve(tip) is None for tip in tips):
        done = exchange(repository.git, "fetching", *FETCH, "--", remote, f"+refs/heads/*:refs/remotes/{remote}/*")
        if done.returncode != 0:
            raise failed("fetch", done.stderr, done.returncode)
    return any(is_ancestor(repository, commit, tip) for tip in tips)


def check_out(repository: Checkout, remote: str, branch: str) -> None:
    """Check a branch of a remote out, as a local branch of that name that follows it.

    Raises:
        GitError: Git cannot.
        LibraryError: its folders have no end.
    """
    arguments = ("checkout", "--quiet", "-B", branch, "--track", f"refs/remotes/{remote}/{branch}", "--")
    _require_bounded(repository, f"refs/remotes/{remote}/{branch}")
    done = repository.git.try_run(*arguments)
    if done.returncode != 0:
        raise failure(arguments, done.stderr, done.returncode)


def fill_work_tree(repository: Checkout) -> None:
    """Check out what HEAD names where nothing was checked out yet.

    Raises:
        GitError: Git cannot.
        LibraryError: its folders have no end.
    """
    _require_bounded(repository, "HEAD")
    repository.git.run("read-tree", "-m", "-u", "HEAD")


def _require_bounded(repository: Checkout, commit: str) -> None:
    Expanse(repository.reader, repository.digits).require_bounded(commit, "")


def follow(repository: Checkout, source: Upstream) -> None:
    """Have the current branch follow a remote one, as plain `git pull` and `git push` want it; a choice stays.

    Raises:
        GitError: the configuration cannot be changed.
    """
    if not source.chosen:
        branch = repository.branch().removeprefix("refs/heads/")
        merge = f"refs/heads/{source.branch}"
        configure(repository.common_dir, {("branch", branch): {"remote": source.remote, "merge": merge}})
