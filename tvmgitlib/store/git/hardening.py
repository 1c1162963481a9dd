"""What every Git process of ours is told, so that no repository makes it run a program or believe another history.

Each line says what it is against.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

#: What a user says to every Git by its environment. Any other variable of Git's is for one call: Git sets such for its
#: hooks and aliases, and inherited, they would point us at another repository, index or configuration.
_USERS_VARIABLES = (
    r"GIT_(?:ASKPASS|PROXY_COMMAND|SSH|SSH_COMMAND|SSH_VARIANT"  # how to reach a remote
    r"|(?:CURL|HTTP|PROXY_SSL|SSL)_\w+"
    r"|(?:AUTHOR|COMMITTER)_\w+"  # who commits
    r"|CONFIG_(?:COUNT|GLOBAL|KEY_\d+|NOSYSTEM|SYSTEM|VALUE_\d+)"  # what Git is configured to do
    r"|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH|TEMPLATE_DIR"  # where things are
    r"|(?:TEST|TRACE|TRACE2)(?:_\w+)?)"  # what Git tells of itself
)

#: The events of what we run, for which Git 2.55 and later also run commands that a configuration names.
_EVENTS = ("reference-transaction", "post-index-change", "pre-push", "post-checkout", "pre-auto-gc")

#: Stronger than any file of a repository. A Git that does not know one of them passes over it.
_SETTINGS = {
    "advice.graftFileDeprecated": "false",  # GIT_GRAFT_FILE below would have Git say so in every message
    "core.bigFileThreshold": "16m",  # files that Git holds in memory as a whole
    "core.alternateRefsCommand": "true",  # a program that a repository names, run when it borrows objects
    "core.fsmonitor": "",  # a program that a repository names, run whenever the index is read
    "core.hooksPath": os.devnull,  # programs in the repository
    **{f"hook.{event}.enabled": "false" for event in _EVENTS},  # programs that a repository names
    "safe.bareRepository": "explicit",  # a folder of files that is a repository itself, with a configuration of its own
}

_VARIABLES = {
    "GIT_ALLOC_LIMIT": "512m",  # commits, trees and deltas, which Git holds in memory as a whole
    "GIT_GRAFT_FILE": os.devnull,  # other parents than the commits say
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone, whose missing objects are fetched by a program that it names
    "GIT_NO_REPLACE_OBJECTS": "1",  # other contents than the ids say
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    "LC_ALL": "C",  # what Git says is read
}

#: Where a server's Git keeps the objects of a push until its hook has said yes.
_QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")

#: For a command that stays on this machine: no transport at all, so that a Git that does not know GIT_NO_LAZY_FETCH
#: cannot fetch a missing object either.
_NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none"}

#: For a command that talks to a remote. `ext` and other helpers run commands out of a URL.
NETWORK = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def options() -> list[str]:
    """The options before the name of the command."""
    return [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment: ours, less what is for another call of Git, in English, never prompting, off the network.

    Args:
        extra: variables that are stronger, such as `NETWORK`.
    """
    env = {name: value for name, value in os.environ.items() if _is_heeded(name)}
    return env | _VARIABLES | _NO_NETWORK | dict(extra or {})


def _is_heeded(variable: str) -> bool:
    return not variable.startswith("GIT_") or re.fullmatch(_USERS_VARIABLES, variable) is not None


def quarantine() -> dict[str, str]:
    """What Git has told the hook that we run in of where a push is, which nobody else sees yet."""
    return {name: os.environ[name] for name in _QUARANTINE if name in os.environ}


def objects_in(folder: Path, beside: Path) -> dict[str, str]:
    """Variables by which Git writes objects into a folder, and reads them there and in a repository's own."""
    also = str(beside)
    quoted = json.dumps(also, ensure_ascii=False) if ":" in also or also.startswith('"') else also
    return {"GIT_OBJECT_DIRECTORY": str(folder), "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted}


def without_filters(names: Iterable[str]) -> str:
    """A configuration in which filters of file contents do nothing: for a file, since no option can spell every name.

    Args:
        names: those that any configuration has, for example `lfs`.
    """
    quoted = (name.replace("\\", "\\\\").replace('"', '\\"') for name in names)
    return "".join(f'[filter "{name}"]\n\tclean =\n\tsmudge =\n\tprocess =\n\trequired = false\n' for name in quoted)
