"""Long texts through a pager, as Git shows them: only where a person is reading."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

#: What Git tells a pager where the user has not: end where one screen is enough, pass colours on, leave the text.
_SETTINGS = {"LESS": "FRX", "LV": "-c"}

#: The pager that is none.
_NONE = ("", "cat")


def show(text: str, *, paged: bool) -> None:
    """Print a text, on a terminal through the user's pager: `GIT_PAGER`, `core.pager`, `PAGER`, else less.

    Args:
        text: the text, as the output's encoding has it.
        paged: whether a pager is wanted.
    """
    if not (paged and _is_read()) or not _paged(text):
        click.echo(text)


def _is_read() -> bool:
    """Whether a person reads what is printed, and has the keys that a pager asks for."""
    return sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _paged(text: str) -> bool:
    """Whether a pager has shown it."""
    import subprocess

    from tvmgitlib.store import users_pager

    pager = users_pager()
    if pager in _NONE:
        return False
    sys.stdout.flush()
    process = subprocess.Popen(pager, shell=True, stdin=subprocess.PIPE, env={**_SETTINGS, **os.environ})
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # who has seen enough leaves
        process.stdin.write(f"{text}\n".encode(sys.stdout.encoding, "backslashreplace"))
        process.stdin.close()
    while True:
        try:
            return process.wait() != _NOT_FOUND
        except KeyboardInterrupt:  # it is the pager's: less stops searching by it
            continue


#: What a shell says of a program that is not there.
_NOT_FOUND = 127
