"""Running Git's plumbing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tvmgitlib.errors import GitError

#: Set by Git for its hooks and aliases: inherited, they would point every command at another repository.
_LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

#: A repository's own configuration must not make a plumbing command run programs.
_SAFE = ("-c", "core.fsmonitor=false")

#: For what a commit consists of: it is only acknowledged once that is on the disk.
DURABLE = ("-c", "core.fsync=committed,loose-object,reference")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a Git command: ours, less what names another repository, in English, never prompting."""
    env = {name: value for name, value in os.environ.items() if name not in _LOCAL_VARIABLES}
    return env | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"} | dict(extra or {})


def command(folder: Path, arguments: Sequence[str]) -> list[str]:
    """The command line of Git in a folder."""
    return ["git", "-C", str(folder), *_SAFE, *arguments]


def try_git(
    folder: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, keep: Sequence[int] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run Git and return what came of it, whatever its exit status.

    Args:
        folder: where.
        arguments: its arguments.
        stdin: its standard input.
        env: variables to add to the environment.
        keep: open files that it inherits.

    Raises:
        GitError: Git cannot be started.
    """
    try:
        return subprocess.run(
            command(folder, arguments),
            input=stdin,
            capture_output=True,
            env=environment(env),
            pass_fds=keep,
            check=False,
        )
    except FileNotFoundError:
        raise GitError("git is not installed", hint="Install Git 2.30 or newer.") from None


def git(folder: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Run Git and return its standard output.

    Raises:
        GitError: with Git's own words, when it fails.
    """
    done = try_git(folder, *arguments, stdin=stdin, env=env)
    if done.returncode != 0:
        raise failure(arguments, done.stderr, done.returncode)
    return done.stdout


def failure(arguments: Sequence[str], stderr: bytes, status: int) -> GitError:
    """The error for a Git command that failed."""
    name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
    ended = f"it was killed by signal {-status}" if status < 0 else "it gave no reason"
    said = stderr.decode(errors="replace").strip() or ended
    return GitError(f"git {name} failed: {said}")
