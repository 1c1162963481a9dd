"""`tvmgitlib driver`: what Git calls (see `tvmgitlib.library.care.drivers`); not for people, so not listed."""

from __future__ import annotations

from pathlib import Path

import click

from tvmgitlib.cli.common import example, pass_context, say


@click.group(hidden=True)
def command() -> None:
    """Git drivers, called by Git itself."""


@command.command(epilog=example("git config merge.tvmgitlib.driver 'tvmgitlib driver merge %O %A %B'"))
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@pass_context
def merge(_context: object, base: str, ours: str, theirs: str) -> None:  # noqa: ARG001
    """Merge two versions of a file into OURS."""
    from tvmgitlib.library.care import union_merge

    union_merge(Path(ours), Path(theirs))


@command.command(epilog=example("git config diff.tvmgitlib.textconv 'tvmgitlib driver textconv'"))
@click.argument("file")
@pass_context
def textconv(_context: object, file: str) -> None:
    """Print a file as text for people."""
    from tvmgitlib.library.care import readable

    say(readable(Path(file)), end="")
