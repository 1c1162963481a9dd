"""`tvmgitlib platform`."""

from __future__ import annotations

import json

import click

from tvmgitlib.cli.context import Context, note, pass_context
from tvmgitlib.errors import SelectionError


@click.group(epilog="Example: tvmgitlib platform detect")
def command() -> None:
    """Detect this machine's platform, or show the library's."""


@command.command(epilog="Example: tvmgitlib platform detect --json")
@pass_context
def detect(context: Context) -> None:
    """Detect this machine's platform: the name and facts that a job here would get. Needs no library."""
    from tvmgitlib.library.config_library import detect_platform

    found = detect_platform()
    document = {"name": found.name, "facts": dict(found.facts)}
    context.print(document, json.dumps(document, indent=2, ensure_ascii=False))


@command.command(epilog="Example: tvmgitlib platform show rk3399")
@click.argument("name", required=False)
@pass_context
def show(context: Context, name: str | None) -> None:
    """Show the library's platforms, or the one called NAME, with the latest facts about it."""
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
