"""Programs that a repository's own configuration names: none of them is run.

Whose configuration it is, only Git can tell: what a user wrote is in files of the user's own, and in the environment. A
repository's own configuration comes with the repository: out of an archive, from a shared disk, or by another hand.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tvmgitlib.model import GitError
from tvmgitlib.store.git.configuration import is_yes
from tvmgitlib.store.git.overheard import Setting
from tvmgitlib.store.git.process import Git

#: Where a user's own configuration is; the command line is ours, and the environment counts as part of it.
_USERS_SCOPES = {"system", "global", "command"}

#: What a collection asks which objects are recent (Git 2.42).
_PRUNING = r"gc\.recentobjectshook"

_SIGNING = r"(?s)gpg\.(?:.*\.)?program|gpg\.ssh\.defaultkeycommand"

#: What talking to a remote would run, and the file that it would write cookies to.
_EXCHANGING = (
    r"(?s)core\.(?:askpass|gitproxy|sshcommand)|credential\.(?:.*\.)?\w*helper|remote\..*\.(?:receivepack|uploadpack)"
    r"|http\.(?:.*\.)?cookiefile"
)


def settings_for_exchange(git: Git) -> Mapping[str, str]:
    """What Git is configured to do, by variable (section and key in small letters), for talking to remotes.

    Raises:
        GitError: the repository's own configuration names a program that would be run.
    """
    values, own = _settings(git)
    _refuse(git, own, _EXCHANGING)
    if is_yes(values.get("push.gpgsign", "no")):
        _refuse(git, own, _SIGNING)
    return values


def require_trusted_signing(git: Git, configured: Mapping[str, str]) -> None:
    """Make sure that a signature is made by the user's own programs; see `_require_trusted`."""
    _require_trusted(git, configured, _SIGNING)


def require_trusted_pruning(git: Git, configured: Mapping[str, str]) -> None:
    """Make sure that a collection runs the user's own programs only; see `_require_trusted`."""
    _require_trusted(git, configured, _PRUNING)


def _require_trusted(git: Git, configured: Mapping[str, str], programs: str) -> None:
    """Make sure that programs are the user's own.

    Args:
        git: Git in the repository.
        configured: what Git is configured to do, by variable.
        programs: the variables that name them.

    Raises:
        GitError: the repository's own configuration names one.
    """
    if any(re.fullmatch(programs, name) for name in configured):
        _refuse(git, _settings(git)[1], programs)


def _settings(git: Git) -> tuple[dict[str, str], set[str]]:
    """The values of all variables, and the names of those that only the repository's own configuration sets so.

    Nothing is named by an empty value: it takes out what was named before.
    """
    values: dict[str, str] = {}
    users: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for scope, name, value in _scoped(git):
        values[name] = value
        (users if scope in _USERS_SCOPES else others).add((name, value))
    return values, {name for name, value in others - users if value}


def settings_by_owner(git: Git, told: Iterable[Setting] | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What the user's own configuration says, and what the repository's does, each by variable; the last value counts.

    Args:
        git: Git in the repository.
        told: what it has said of the variables in question already; None to ask it.

    Returns:
        Values by name: in small letters, but for what is between the dots.
    """
    users: dict[str, str] = {}
    others: dict[str, str] = {}
    for scope, name, value in _scoped(git) if told is None else told:
        (users if scope in _USERS_SCOPES else others)[name] = value
    return users, others


def hooks_folder(git: Git) -> str | None:
    """Where Git looks for hooks when it is started by others than this package; None where it is not told."""
    told = [value for scope, name, value in _scoped(git) if name == "core.hookspath" and scope != "command"]
    return told[-1] if told else None


def _scoped(git: Git) -> Iterator[Setting]:
    """Everything that is configured."""
    said = git.run("config", "--list", "--includes", "--show-scope", "-z").decode(errors="surrogateescape")
    fields = iter(said.split("\0"))
    for scope, entry in zip(fields, fields, strict=False):
        name, equals, value = entry.partition("\n")
        yield scope, name, value if equals else "true"


def _refuse(git: Git, own: set[str], programs: str) -> None:
    names = sorted(name for name in own if re.fullmatch(programs, name))
    if not names:
        return
    found = git.run("rev-parse", "--absolute-git-dir", "--git-path", "config").decode(errors="surrogateescape")
    git_dir, config = found.splitlines()
    file = (git.folder / config).resolve()
    raise GitError(
        f"which programs run is for your own configuration to say, not for the repository's: {', '.join(names)}",
        file=str(file),
        hint="If you wrote that file, make it yours: "
        + shlex.join(["git", "config", "--global", f"includeIf.gitdir:{git_dir}.path", str(file)]),
    )


def users_pager() -> str:
    """The pager of the user, as a shell reads it: asked for where no repository is, for one may name any program."""
    named = {"GIT_PAGER": os.environ["GIT_PAGER"]} if "GIT_PAGER" in os.environ else {}
    return Git(Path("/")).try_run("var", "GIT_PAGER", env=named).stdout.decode(errors="surrogateescape").strip()
