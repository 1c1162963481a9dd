"""Git's pre-receive hook on a server: what it runs, and putting it there."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from tvmgitlib.library.care.problems import Problem
from tvmgitlib.library.care.receiving import Push, Update
from tvmgitlib.model import GitError, LibraryError, SelectionError
from tvmgitlib.store import Repository, hooks_folder, is_ancestor

#: The Python that put it there. Git starts it in the Git directory, where nobody's modules are looked for. What it
#: remembers is there too: a server's users may have no home, and whoever could change that could change the hook.
_SCRIPT = """\
#!/bin/sh
# Made by tvmgitlib hook install: no push changes a job, and none brings configs/ that jobs/ does not fold to.
export XDG_CACHE_HOME="${{XDG_CACHE_HOME:-$PWD/tvmgitlib/cache}}"
PYTHONSAFEPATH=1 exec {python} -m tvmgitlib.cli.pre_receive
"""


def install_hook(repository: Repository) -> Path:
    """Have a repository judge every push from now on; what it holds so far is judged first.

    Args:
        repository: the server's.

    Returns:
        The hook.

    Raises:
        LibraryError: another hook is there, or Git looks for hooks elsewhere, or a branch is not sound: whatever comes
            later is held against it.
    """
    path = repository.common_dir / "hooks" / "pre-receive"
    _require_looked_for(repository, path.parent)
    script = _SCRIPT.format(python=shlex.quote(sys.executable))
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != script:
        raise LibraryError(
            "another pre-receive hook is there already",
            file=str(path),
            hint="Have it run tvmgitlib hook pre-receive with its standard input, and heed its exit code.",
        )
    main, tip = repository.checked_out, _tip(repository)
    if main is not None and tip is not None:
        found = [f"{problem}" for _, problem in Push(repository, [Update(None, tip, main)], None).problems()]
        if found:
            hint = "Mend it first (tvmgitlib check in a clone says more), for what comes later is held against it."
            raise LibraryError(f"{main} is not sound: {found[0]}", file=str(repository.root), hint=hint)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise LibraryError(f"cannot be written: {error.strerror}", file=str(path)) from None
    return path


def _require_looked_for(repository: Repository, folder: Path) -> None:
    """Make sure that Git finds hooks in a folder: a hook that it does not find guards nothing, and nobody hears of it.

    Raises:
        LibraryError: it looks elsewhere.
    """
    told = hooks_folder(repository.git)
    if told is not None and (repository.common_dir / Path(told).expanduser()).resolve() != folder.resolve():
        own = shlex.join(["git", "-C", str(repository.root), "config", "core.hooksPath", str(folder)])
        raise LibraryError(
            f"Git looks for hooks in {told} (core.hooksPath), and in no repository's own folder",
            file=str(repository.root),
            hint=f"{own} has it look in this one's. Or have a hook there run tvmgitlib hook pre-receive.",
        )


def refusals(git_dir: Path, lines: Iterable[str]) -> list[str]:
    """Why a push is refused, a line each; none where it may go on.

    Args:
        git_dir: the Git directory of the server's repository.
        lines: what Git gives its hook to read.

    Raises:
        LibraryError: it gives something else.
    """
    given = list(lines)
    updates = [Update.read(line) for line in given]
    if not updates:
        return []
    digits = len(given[0].partition(" ")[0])
    with Repository.receiving(git_dir, digits) as repository:
        push = Push(repository, updates, _tip(repository))
        return [f"{update.ref}: {problem}" for update, problem in push.problems()]


def _tip(repository: Repository) -> str | None:
    """The commit that the library's branch is at; None where it has none yet."""
    main = repository.checked_out
    return repository.resolve(main) if main is not None else None


def judged(repository: Repository, old: str, new: str) -> list[Problem]:
    """What the hook would say of a push that moves a branch, for hosts that run no hooks.

    Args:
        repository: one that has both commits.
        old: the commit that the branch is at, which is taken to be sound; zeros for none. Whether jobs have to be
            signed is read in it.
        new: the one that it is to move to, or one that parted from it and is to be merged.

    Raises:
        SelectionError: one of them names no commit here.
    """
    before, after = (_commit(repository, rev) for rev in (old, new))
    has_parted = (
        before and after and not (is_ancestor(repository, before, after) or is_ancestor(repository, after, before))
    )
    push = Push(repository, [Update(None if has_parted else before, after, "refs/heads/main")], before)
    return [problem for _, problem in push.problems()]


def _commit(repository: Repository, rev: str) -> str | None:
    commit = repository.resolve(rev) if rev.strip("0") else None
    if commit is None and rev.strip("0"):
        raise SelectionError(f"{rev!r} names no commit here", hint="git fetch --unshallow brings the whole history.")
    return commit


def server_repository(path: Path) -> Repository:
    """The repository that a server has at a path, which may hold no library yet.

    Raises:
        GitError: none is there.
    """
    found = Repository.find(path)
    if found is None:
        raise GitError("no repository is there", file=str(path))
    return found
