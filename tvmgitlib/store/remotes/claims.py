"""A remote's claims: a ref for each job that somebody has open, made, moved and removed by compare-and-swap alone.

What they hold is seen by fetching them into a corner of this repository, where it stays until the next look.
"""

from __future__ import annotations

import os

from tvmgitlib.store.checkout import Checkout
from tvmgitlib.store.git import Configuration
from tvmgitlib.store.remotes.exchange import FETCH, Pushed, failed, push_refs, pushed
from tvmgitlib.store.remotes.outcomes import Outcome
from tvmgitlib.store.remotes.telling import exchange

#: The remote's refs.
CLAIMS = "refs/tvmgitlib/wip/"

#: Where those of remotes are seen here.
_SEEN = "refs/tvmgitlib/claims/"

#: How long one exchange may take, in seconds: nothing of a job waits for a claim for ever.
_PATIENCE = 120.0


#: What asks for a passphrase otherwise, on whatever terminal there is: claims are renewed while nobody is there.
_NEVER_ASKING = "core.sshCommand=ssh -o BatchMode=yes"


def _unattended(repository: Checkout) -> list[str]:
    """Settings for an exchange that nobody watches; where the user says how SSH is called, that is how."""
    is_said = {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() or Configuration(repository.git).get("core.sshcommand")
    return [] if is_said else [_NEVER_ASKING]


def fetch_claims(repository: Checkout, remote: str, name: str = "") -> dict[str, str]:
    """The claims of a remote as they are now: what each holds is here then.

    Args:
        repository: where to.
        remote: whose.
        name: only the one of this name; all by default.

    Returns:
        Their commits, by name, which anybody may have chosen.

    Raises:
        ConnectionError: the remote cannot be reached now.
        GitError: it refuses.
    """
    seen = f"{_SEEN}{remote}/"
    refspec = f"+{CLAIMS}{name}*:{seen}{name}*"
    # A clone that leaves file contents with its remote needs those of claims nevertheless.
    settings = [part for setting in _unattended(repository) for part in ("-c", setting)]
    arguments = (*settings, *FETCH, "--no-filter", "--prune", "--", remote, refspec)
    done = exchange(repository.git, "", *arguments, within=_PATIENCE)
    if done.returncode != 0:
        raise failed("fetch", done.stderr, done.returncode)
    listed = repository.git.run("for-each-ref", "--format=%(objectname) %(refname)", seen)
    lines = (line.split(" ", 1) for line in listed.decode(errors="replace").splitlines())
    found = {ref.removeprefix(seen): commit for commit, ref in lines}
    return {of: commit for of, commit in found.items() if name in ("", of)}


def push_claim(repository: Checkout, remote: str, name: str, commit: str | None, seen: str | None) -> Pushed:
    """Make, move or remove a claim, if it is still what it was.

    Args:
        repository: where the commit is.
        remote: whose claim.
        name: which.
        commit: what it is to hold; None removes it.
        seen: what it has to hold; None where there must be none.

    Returns:
        What came of it: `Outcome.MOVED` when it holds something else by now.

    Raises:
        ConnectionError: the remote did not answer in time.
        GitError: it refuses for good.
    """
    ref = f"{CLAIMS}{name}"
    command = push_refs(remote, *_unattended(repository), seen={ref: seen})
    done = exchange(repository.git, "", *command, f"{commit or ''}:{ref}", within=_PATIENCE)
    if done.returncode != 0:
        return pushed(done.stdout + done.stderr, done.returncode)
    here = f"{_SEEN}{remote}/{name}"
    repository.git.run("update-ref", *([here, commit] if commit is not None else ["-d", here]))
    return Pushed(Outcome.DONE)
