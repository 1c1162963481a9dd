"""`tvmgitlib platform`."""

from __future__ import annotations

import json

import click

from tvmgitlib.cli import options
from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.errors import SelectionError


@click.group(epilog=options.example("tvmgitlib platform detect"))
@pass_context
def command(context: Context) -> None:
    """Detect this machine's platform, or show the library's."""


@command.command(epilog=options.example("tvmgitlib platform detect --json"))
@pass_context
def detect(context: Context) -> None:
    """Detect this machine's platform.

    That is the name and the facts that a job here gets. It needs no library.
    """
    from tvmgitlib.library.config_library import detect_platform

    found = detect_platform()
    document = {"name": found.name, "facts": dict(found.facts)}
    context.print(document, json.dumps(document, indent=2, ensure_ascii=False))


@command.command(epilog=options.example("tvmgitlib platform show rk3399"))
@click.argument("name", required=False)
@pass_context
def show(context: Context, name: str | None) -> None:
    """Show the library's platforms.

    With NAME, only that one, with the latest facts about it.
    """
    platforms = context.open().platforms()
    if name is not None:
        if name not in platforms:
            raise SelectionError(
                f"no job ran on a platform called {name!r}", hint="tvmgitlib platform show lists them."
            )
        document = {"name": name, "facts": platforms[name]}
        context.print(document, json.dumps(document, indent=2, ensure_ascii=False))
        return
    if not platforms:
        note("The library has no job yet.")
    for known, facts in platforms.items():
        context.print({"name": known, "facts": facts}, known)
