"""Cloning, by GitPython: it knows what Git says of its progress, and refuses what a URL or an option may smuggle in."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import git

from tvmgitlib.model import GitError, is_progress_told
from tvmgitlib.store.git import NETWORK, environment, options, require_readable, without_credentials
from tvmgitlib.store.remotes.outcomes import way_out
from tvmgitlib.store.remotes.telling import told_of


class _Git(git.Git):
    """Git as every other call of ours: told what no repository may say, and from no repository's folder.

    GitPython adds to the environment and takes nothing away, so `env` does: what Git sets for a hook is for that call.
    """

    def execute(self, command: Any, *arguments: Any, **named: Any) -> Any:
        program, *rest = command
        kept = environment(NETWORK)
        others = [word for name in os.environ if name not in kept for word in ("-u", name)]
        return super().execute(["env", *others, program, "-C", os.sep, *options(), *rest], *arguments, **named)


class _Repo(git.Repo):
    GitCommandWrapperType = _Git


def clone(url: str, path: Path, **also: Any) -> None:
    """Clone a repository.

    Args:
        url: where it is, a path being absolute.
        path: the folder to make, absolute.
        also: more options, as GitPython spells them.

    Raises:
        GitError: with Git's own words; or what is to be cloned keeps Git waiting.
    """
    source = Path(unquote(url.removeprefix("file://")))
    if source.is_dir():  # Git's other half, which reads there, is no child of ours
        require_readable(source)
    told = told_of("cloning") if is_progress_told() else None
    try:
        with _quiet():
            # It takes such an object too, as its documentation says and its annotation does not.
            progress: Any = told
            _Repo.clone_from(url, path, progress, env=environment(NETWORK), no_recurse_submodules=True, **also).close()
    except git.GitCommandError as error:
        # Whoever listens to progress has taken Git's words off the stream.
        stderr = "\n".join(told.error_lines) if told else str(error.stderr)
        said = without_credentials(stderr.strip().removeprefix("stderr: ").strip("'").strip())
        hint = way_out(said.encode())
        raise GitError(f"git clone failed: {said}", file=without_credentials(url), hint=hint) from None


class _WithoutCredentials(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_credentials(record.getMessage()), None
        return True


class _Nothing(logging.Filter):
    def filter(self, _: logging.LogRecord) -> bool:
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """GitPython logs commands, and what Git says: it takes the plainest passwords out only. Where the disk is full when
    it writes the clone's configuration, it logs a traceback, and raises the error too.
    """
    without, nothing = _WithoutCredentials(), _Nothing()
    filters = {"git.cmd": without, "git.repo.base": without, "git.util": without, "git.config": nothing}
    for name, each in filters.items():
        logging.getLogger(name).addFilter(each)
    try:
        yield
    finally:
        for name, each in filters.items():
            logging.getLogger(name).removeFilter(each)
