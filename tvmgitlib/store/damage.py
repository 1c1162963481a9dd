"""What a power cut or a bad disk leaves: what is damaged, the last commit that is whole, and the way back to it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from tvmgitlib.model import LibraryError, plain_line, typed
from tvmgitlib.store.git import Git, without_credentials
from tvmgitlib.store.small import read_small

#: How many commits of a log are looked at, the newest first.
_MOST: Final = 100

#: How large the file of a ref, and that of its log, may be, in bytes.
_MOST_OF_REF: Final = 1 << 20
_MOST_OF_LOG: Final = 1 << 28

_ID = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"


def damaged(git: Git, what: str, file: str | None = None) -> LibraryError:
    """The error for a library that is not whole any more.

    Args:
        git: Git in its repository.
        what: what is wrong, in words.
        file: what it is about.
    """
    return LibraryError(f"the library is damaged: {what}", file=file, hint=way_back(git))


def lost_branch(git: Git) -> LibraryError | None:
    """The error for a branch that is checked out and leads nowhere, though it did; None where it never led anywhere."""
    branch = _checked_out(git)
    common = _common_dir(git)
    if not branch or not common or not (common / "logs" / branch).exists():
        return None
    return damaged(git, f"{plain_line(branch)} is lost, or leads to a commit that is not here")


def way_back(git: Git) -> str:
    """The last good commit, and what to type to have it back."""
    branch = _checked_out(git)
    if branch:
        for commit, source in _candidates(git, branch):
            if _is_whole(git, commit):
                back = typed("git", "-C", git.folder, "update-ref", branch, commit)
                return (
                    f"The last good commit is {commit} ({source}). Back to it: {_removal(git, branch)}{back}, then "
                    "tvmgitlib check. Jobs after it are lost, but for what is in jobs/ still, on a remote (git fetch "
                    "--refetch), or can be imported again."
                )
    asked = git.try_run("for-each-ref", "--count=1", "--format=%(refname)")
    if asked.returncode != 0:  # so that no commit could be looked at
        return f"Git reads none of its branches: {_complaint(asked)}. Mend that first."
    read = git.try_run("rev-list", "--no-walk", "--all")
    if read.returncode != 0:
        return (
            f"Git reads none of its commits: {_complaint(read)}. Where that is a file of Git's own, move it away; "
            "else git fetch --refetch, or clone it anew. git fsck says more."
        )
    return "No commit of its log, or of a remote, is whole: git fetch --refetch, or clone it anew. git fsck says more."


def _complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """What Git says of its failure: the last line of it."""
    said = without_credentials(done.stderr.decode(errors="replace").strip())
    return plain_line(said.rpartition("\n")[2])


def _removal(git: Git, branch: str) -> str:
    """What has to be typed first where the branch's file is one that Git does not replace."""
    common = _common_dir(git)
    try:
        text = None if common is None else read_small(common / branch, _MOST_OF_REF).decode().strip()
        broken = text is not None and re.fullmatch(_ID, text) is None
    except (OSError, ValueError):
        broken = False
    return f"{typed('rm', common and common / branch)} && " if broken else ""


def _candidates(git: Git, branch: str) -> Iterator[tuple[str, str]]:
    """Commits that the branch has been at, the newest first, then those of remotes, each with who knows of it."""
    logged = _logged(common, branch) if (common := _common_dir(git)) else []
    yield from ((commit, "the branch's log has it") for commit in islice(dict.fromkeys(reversed(logged)), _MOST))
    name = branch.removeprefix("refs/heads/")
    refs = _said(git, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/remotes")
    for line in refs.splitlines():
        commit, _, ref = line.partition(" ")
        if ref.partition("/")[2] == name:
            yield commit, f"as last seen at {plain_line(ref)}"


def _logged(common: Path, branch: str) -> list[str]:
    """The commits in the log of a branch, as far as it can be read: its last lines may be lost, too."""
    try:
        lines = read_small(common / "logs" / branch, _MOST_OF_LOG).decode(errors="replace").splitlines()
    except OSError:
        return []
    told = (line.split(" ", 2) for line in lines)
    return [words[1] for words in told if len(words) == 3 and re.fullmatch(_ID, words[1]) and set(words[1]) != {"0"}]


def _is_whole(git: Git, commit: str) -> bool:
    """Whether a commit and all that is in it can be read."""
    listed = git.try_run("rev-list", "--objects", "--no-walk", commit)
    if listed.returncode != 0:
        return False
    oids = b"".join(line.split(b" ", 1)[0] + b"\n" for line in listed.stdout.splitlines())
    asked = git.try_run("cat-file", "--batch-check", stdin=oids)
    return asked.returncode == 0 and b" missing\n" not in asked.stdout


def _checked_out(git: Git) -> str:
    """The full name of the branch that is checked out; Git itself does not say it where that is damaged."""
    try:
        file = git.folder / _said(git, "rev-parse", "--git-dir") / "HEAD"
        head = read_small(file, _MOST_OF_REF).decode(errors="surrogateescape")
    except OSError:
        return ""
    return head.removeprefix("ref: ").strip() if head.startswith("ref: refs/heads/") else ""


def _common_dir(git: Git) -> Path | None:
    said = _said(git, "rev-parse", "--git-common-dir")
    return git.folder / said if said else None


def _said(git: Git, *arguments: str) -> str:
    """What Git answers, in a repository of which anything may be broken; nothing where it fails."""
    done: subprocess.CompletedProcess[bytes] = git.try_run(*arguments)
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""
