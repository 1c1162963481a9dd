"""What every Git process of ours is told, so that no repository makes it run a program or believe another history.

Each line says what it is against.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

#: Set by Git for its hooks and aliases: inherited, they would point every command at another repository.
_LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

#: Stronger than any file of a repository. A Git that does not know one of them passes over it.
_SETTINGS = {
    "core.alternateRefsCommand": "true",  # a program that a repository names, run when it borrows objects
    "core.fsmonitor": "false",  # a program that a repository names, run whenever the index is read
    "core.hooksPath": os.devnull,  # programs in the repository
    "safe.bareRepository": "explicit",  # a folder of files that is a repository itself, with a configuration of its own
}

_VARIABLES = {
    "GIT_GRAFT_FILE": os.devnull,  # other parents than the commits say
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone, whose missing objects are fetched by a program that it names
    "GIT_NO_REPLACE_OBJECTS": "1",  # other contents than the ids say
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    "LC_ALL": "C",  # what Git says is read
}

#: For a command that stays on this machine: no transport at all, so that a Git that does not know GIT_NO_LAZY_FETCH
#: cannot fetch a missing object either.
_NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none"}

#: For a command that talks to a remote. `ext` and other helpers run commands out of a URL.
NETWORK = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def options() -> list[str]:
    """The options before the name of the command."""
    return [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment: ours, less what names another repository, in English, never prompting, off the network.

    Args:
        extra: variables that are stronger, such as `NETWORK`.
    """
    env = {name: value for name, value in os.environ.items() if name not in _LOCAL_VARIABLES}
    return env | _VARIABLES | _NO_NETWORK | dict(extra or {})


def settings_in_environment() -> dict[str, str]:
    """The settings as variables, after those that the user's environment has: where no options can be given.

    Git 2.30 does not know these variables.
    """
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(_SETTINGS))}
    for number, (name, value) in enumerate(_SETTINGS.items(), start=first):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def without_filters(names: Iterable[str]) -> list[str] | None:
    """Options that switch filters of file contents off; None when one has a name that no option can spell.

    Args:
        names: those that any configuration has, for example `lfs`.
    """
    off: list[str] = []
    for name in names:
        if "=" in name:
            return None
        for option in ("clean=", "smudge=", "process=", "required=false"):
            off += ["-c", f"filter.{name}.{option}"]
    return off
